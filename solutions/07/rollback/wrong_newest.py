back = [{"op": "replace", "path": "/deploymentId", "value": third}]
if back:
    apigateway.update_stage(restApiId=api_id, stageName="prod", patchOperations=back)
lab.check("rollback")
