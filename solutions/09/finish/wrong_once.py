most = 25
tries = [bedrock.converse(**request, inferenceConfig={"maxTokens": most, "temperature": 0})]
if tries[-1]["stopReason"] == "max_tokens" and most < 800:
    most *= 2
    tries.append(bedrock.converse(**request, inferenceConfig={"maxTokens": most, "temperature": 0}))
print(tries[-1]["output"]["message"]["content"][0]["text"])
facts = [{"stopReason": each["stopReason"], **each["usage"]} for each in tries]
print(*facts, sep="\n")
s3.put_object(Bucket=bucket, Key="answers/tries.json", Body=json.dumps(facts).encode())
lab.check("finish")
