found = s3.list_object_versions(Bucket=bucket)
entries = [*found.get("Versions", []), *found.get("DeleteMarkers", [])]
for entry in entries:
    s3.delete_object(Bucket=bucket, Key=entry["Key"], VersionId=entry["VersionId"])
lab.check("versions")
