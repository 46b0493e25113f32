"""How tasks that outnumber the cores share them: a rule a file, behind the interface of `rule`.

A rule knows no core and keeps no queue: it says where a task stands in virtual time, whom it
drives out, who is next and until when. `scheduler` and `cores` do it.
"""
