settings = {"MemorySize": 256}
aws_lambda.update_function_configuration(FunctionName=lab.name("hello"), **settings)
aws_lambda.get_waiter("function_updated_v2").wait(FunctionName=lab.name("hello"))
lab.check("memory")
