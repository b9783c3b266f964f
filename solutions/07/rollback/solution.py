back = [{"op": "replace", "path": "/deploymentId", "value": second}]
if back:
    apigateway.update_stage(restApiId=api_id, stageName="prod", patchOperations=back)
lab.check("rollback")
