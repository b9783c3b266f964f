threshold = 0.9
answers = dict.fromkeys(scores, "the model was not asked")
for each, score in scores.items():
    if score >= threshold:
        answers[each] = grounded_answer(bedrock, writer, each, passages[each]).text or "not in the notes"
display(Table(["Question", "Answer"], list(answers.items())))
s3.put_object(Bucket=bucket, Key="answers/threshold.json", Body=json.dumps(answers))
lab.check("threshold")
