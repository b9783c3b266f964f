module = "imports_boto3"
lab.deploy_function("starts", handler=f"{module}.handler", memory_mb=memory_mb, timeout_seconds=30)
lab.check("client")
