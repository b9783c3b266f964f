parameters = [f"method.request.querystring.{name}" for name in ("customer", "limit", "next")]
now = apigateway.get_integration(**get)
same = {name: now[name] for name in ("type", "uri", "timeoutInMillis")} | {"integrationHttpMethod": "POST"}
apigateway.put_integration(**get, **same, cacheKeyParameters=parameters)
apigateway.create_deployment(restApiId=api_id, stageName="prod", description="caches by parameter")
lab.check("cachekey")
