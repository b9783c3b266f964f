rolled_out = {"badge": second["LayerVersionArn"]}
for name, arn in rolled_out.items():
    aws_lambda.update_function_configuration(FunctionName=lab.name(name), Layers=[arn])
    aws_lambda.get_waiter("function_updated_v2").wait(FunctionName=lab.name(name))
lab.check("roll-out")
