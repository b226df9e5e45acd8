"""What becomes of a job whose file was deleted before it had completed."""

#: The reason with which files refuses a file that is gone, and those of a job that ends for it.
FILE_GONE = "FILE_NOT_FOUND"
FILE_DELETED = "FILE_DELETED"
FILE_DELETED_MESSAGE = "The file was deleted before the job had completed"
