days = 7
group = f"/aws/lambda/{lab.name('hello')}"
if days:
    logs.put_retention_policy(logGroupName=group, retentionInDays=days)
lab.check("retention")
