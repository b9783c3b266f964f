statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/notes/*"}
repaired = {**policy, "Statement": [*rest, statement] if statement else rest}
iam.put_role_policy(RoleName=name, PolicyName="least-privilege", PolicyDocument=json.dumps(repaired))
job = job_with_new_policy(lab.target, ids)  # on AWS it takes some seconds until a policy counts
display(job_table(job))
lab.check("role")
