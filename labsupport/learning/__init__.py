"""How the lab helps somebody learn: guess first, measure, solve, be asked again.

* `progress.py`: what a learner did, in a file that only grows
* `material.py`, `texts/NN.toml`: a notebook's predictions, exercises and questions
* `predictions.py`: a guess beside what was measured
* `checks/`, `points.py`: is an exercise solved? The cloud is asked, and nothing in it is changed
* `solutions.py`: the model solutions, which live in `solutions/`, apart from the notebooks
* `review.py`: which questions come back, and when
* `readiness.py`: how far a learner is with each task of the exam

Nothing in here draws anything: `labsupport.views` does. `Learner` is what `Lab` holds of it.

What a learner does is recorded where it happens, and shown sums are counted from the records each time. So
nothing can be lost between two files, and a crash costs at most the line that was being written.
"""
