from labsupport.packaging import zip_files

old, new = 'item["price"]', 'float(item["price"])'
code = (lab.settings.project / "functions" / "receipt" / "handler.py").read_text()
lab.deploy_function("receipt", code=zip_files({"handler.py": code.replace(old, new).encode()}))
ordinary = {"order": 1, "items": [{"price": 4.5, "count": 2}, {"price": 12, "count": 1}]}
tried = [lab.invoke("receipt", order) for order in (ordinary, poison)]
lab.wait_for_report("receipt", request_id=tried[-1].request_id)
lab.check("repair")
