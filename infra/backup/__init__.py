"""Moving the data of a whole place, a PC or a stage on AWS, to another one."""
