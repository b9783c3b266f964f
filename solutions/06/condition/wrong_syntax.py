from labsupport.at_once import put_at_once

condition = "not exists pk"
slot = {"TableName": table, "Item": {"pk": {"S": "slot#12:15"}}}
if condition:
    slot["ConditionExpression"] = condition
print("told to the writers:", put_at_once(lab.target, slot, clients))
lab.check("condition")
