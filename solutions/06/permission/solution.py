source = f"arn:aws:execute-api:{lab.region}:{lab.account}:{api_id}/*"
statement = {"FunctionName": function.name, "StatementId": "orders-api", "Action": "lambda:InvokeFunction"}
with suppress(aws_lambda.exceptions.ResourceNotFoundException):  # of an earlier try
    aws_lambda.remove_permission(FunctionName=function.name, StatementId="orders-api")
if source:
    aws_lambda.add_permission(**statement, Principal="apigateway.amazonaws.com", SourceArn=source)
lab.check("permission")
