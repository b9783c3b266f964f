throttle, quota = {"rateLimit": 8, "burstLimit": 12}, {}
new = {f"/throttle/{name}": value for name, value in throttle.items()}
new |= {f"/quota/{name}": value for name, value in quota.items()}
patches = [{"op": "replace", "path": path, "value": str(value)} for path, value in new.items()]
apigateway.update_usage_plan(usagePlanId=plan, patchOperations=patches)
lab.check("plan")
