resource = lab.model_arns(model)  # the model's ARN; through a profile, all that it takes
statement = {"Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource": resource}
repaired = {**policy, "Statement": [*rest, statement] if statement else rest}
iam.put_role_policy(**role, PolicyDocument=json.dumps(repaired))
lab.check("one-model")
