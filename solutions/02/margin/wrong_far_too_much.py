collect_mb = 1024
aws_lambda.update_function_configuration(**collect, MemorySize=collect_mb)
aws_lambda.get_waiter("function_updated_v2").wait(**collect)
answer = lab.invoke("collect", {"parts": 20})
lab.wait_for_report("collect", request_id=answer.request_id)
print(answer)
lab.check("margin")
