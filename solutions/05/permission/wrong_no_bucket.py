allow = {"Principal": "s3.amazonaws.com"}
allow |= {"SourceAccount": lab.account}
statement = {"FunctionName": function.name, "StatementId": "s3-photos", "Action": "lambda:InvokeFunction"}
with suppress(aws_lambda.exceptions.ResourceNotFoundException):  # of an earlier try
    aws_lambda.remove_permission(FunctionName=function.name, StatementId="s3-photos")
if allow:
    aws_lambda.add_permission(**statement, **allow)
lab.check("permission")
