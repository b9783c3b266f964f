timeout_seconds = 900
aws_lambda.update_function_configuration(FunctionName=lab.name("probe"), Timeout=timeout_seconds)
aws_lambda.get_waiter("function_updated_v2").wait(FunctionName=lab.name("probe"))
lab.check("timeout")
