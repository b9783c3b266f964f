resource = "*"
statement = {"Effect": "Allow", "Action": "bedrock:*", "Resource": resource}
repaired = {**policy, "Statement": [*rest, statement] if statement else rest}
iam.put_role_policy(**role, PolicyDocument=json.dumps(repaired))
lab.check("one-model")
