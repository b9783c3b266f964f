throttle, quota = {"rateLimit": 12, "burstLimit": 8}, {"limit": 50000, "period": "DAY"}
new = {f"/throttle/{name}": value for name, value in throttle.items()}
new |= {f"/quota/{name}": value for name, value in quota.items()}
patches = [{"op": "replace", "path": path, "value": str(value)} for path, value in new.items()]
apigateway.update_usage_plan(usagePlanId=plan, patchOperations=patches)
lab.check("plan")
