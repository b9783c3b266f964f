def handler(tool, values):  # runs what the model asks for, if it may
    answer = http.get(paths[tool].format(**values))
    found = answer.json()
    allowed = answer.ok and all(each["customer"] == signed_in for each in found.get("orders", [found]))
    return (found, True) if allowed else ({"message": "There is no such order."}, False)


told = {each: handler(*request) for each, request in asked_for.items()}
s3.put_object(Bucket=bucket, Key="conversations/guard.json", Body=json.dumps(told))
lab.check("guard")
