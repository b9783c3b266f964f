found = s3.list_object_versions(Bucket=bucket)
entries = [version for version in found.get("Versions", []) if version["IsLatest"]]
for entry in entries:
    s3.delete_object(Bucket=bucket, Key=entry["Key"], VersionId=entry["VersionId"])
lab.check("versions")
