"""The stand-in models behind Amazon Bedrock: small, on this machine, and honest about what they are.

They write nothing of their own. `summarizer.py` picks sentences of the given text, `answering.py` picks the
sentences that answer a question, `tools.py` picks a tool and fills in what the request says. What temperature
and top-p do to a large model's choice of tokens, they do here to the choice of sentences (`sampling.py`).

* `chat.py`: what is asked of a model and what comes back, whatever API it came through
* `stand_in.py`: read a conversation, find out what is asked, write the answer token by token
* `catalogue.py`: which models there are, by AWS's ids, and what each one takes
* `embeddings.py`: texts as vectors; `words.py`, `concepts.py`, `concepts.toml`: what it knows of meaning
* `tokenizer.py`, `sentences.py`, `content.py`: text in pieces

Known cost: a stand-in has no knowledge of the world and can't write a new sentence. `LAB_MODEL_URL` puts a
real model in its place, and AWS has the ones that the ids name.
"""
