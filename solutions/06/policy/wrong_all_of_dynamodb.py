table_arn = f"arn:aws:dynamodb:{lab.region}:{lab.account}:table/{table}"
statement = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}
repaired = {**policy, "Statement": [*rest, statement] if statement else rest}
iam.put_role_policy(**role, PolicyDocument=json.dumps(repaired))
lab.check("policy")
