limit = {"go_on": lambda requests: requests < 10}
forced = {**tools, "toolConfig": tools["toolConfig"] | {"toolChoice": {"any": {}}}}
for kind, wanted in {"forced": forced, "ordinary": tools}.items():
    said = converse_with_tools(bedrock, handler, ask=f"Where is my order {mine}?", **limit, **wanted)
    print(f"{kind}: {sum(each['role'] == 'assistant' for each in said)} requests")
    s3.put_object(Bucket=bucket, Key=f"conversations/{kind}.json", Body=json.dumps(said))
lab.check("loop")
