resource = f"arn:aws:bedrock:{lab.region}:{lab.account}:foundation-model/{model}"
statement = {"Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource": resource}
repaired = {**policy, "Statement": [*rest, statement] if statement else rest}
iam.put_role_policy(**role, PolicyDocument=json.dumps(repaired))
lab.check("one-model")
