statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
repaired = {**policy, "Statement": [*rest, statement] if statement else rest}
iam.put_role_policy(RoleName=name, PolicyName="least-privilege", PolicyDocument=json.dumps(repaired))
job = wait_for_job(lab.target, agents.start_ingestion_job(**ids)["ingestionJob"])
display(job_table(job))
lab.check("role")
