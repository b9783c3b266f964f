layers = [pillow_arn]
for name in ("formats",):
    small = lab.deploy_function(name, memory_mb=512, timeout_seconds=10)  # handler.py alone
    aws_lambda.update_function_configuration(FunctionName=small.name, Layers=layers)
    aws_lambda.get_waiter("function_updated_v2").wait(FunctionName=small.name)
lab.check("attach")
