"""From the first step of a pipeline to a Bundle: who leads where, what is remembered, what is written down.

In: states. Out: a Bundle, or every problem at once. Touches: the code and data files the pipeline names.

Here: what concerns several states together. What one state says of itself is in the files around this folder.
"""
