event = {"Name": "Lan"}
aws_lambda.invoke(FunctionName=lab.name("hello"), Payload=json.dumps(event))
lab.check("greet")
