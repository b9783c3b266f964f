resource = f"arn:aws:s3:::{thumbnails}/thumbnails/*"
statement = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": resource}
repaired = {**policy, "Statement": [*rest, statement] if statement else rest}
iam.put_role_policy(**role, PolicyDocument=json.dumps(repaired))
lab.check("policy")
