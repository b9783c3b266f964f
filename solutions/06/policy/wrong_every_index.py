table_arn = f"arn:aws:dynamodb:{lab.region}:{lab.account}:table/{table}"
statement = {"Effect": "Allow", "Action": "dynamodb:Query", "Resource": f"{table_arn}/index/*"}
repaired = {**policy, "Statement": [*rest, statement] if statement else rest}
iam.put_role_policy(**role, PolicyDocument=json.dumps(repaired))
lab.check("policy")
