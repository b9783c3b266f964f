password_mb, mailbox_mb = 512, 128
for name, memory_mb in ((function.name, password_mb), (mailbox.name, mailbox_mb)):
    aws_lambda.update_function_configuration(FunctionName=name, MemorySize=memory_mb)
    aws_lambda.get_waiter("function_updated_v2").wait(FunctionName=name)
lab.check("choose")
