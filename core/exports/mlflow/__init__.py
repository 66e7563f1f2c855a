"""Replies and what people think of them in MLflow 3: traces and assessments, kept as the log says over plain HTTP.

What is sent of a reply is made of the tables as they are now, under ids that never change: sent twice it is there once.
"""
