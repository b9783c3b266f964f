reservation = 5
aws_lambda.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=reservation)
lab.check("reserve")
