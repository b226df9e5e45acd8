"""Plain pages behind the links in mails: what to do with the token, which stays in the browser's address."""

_ABOUT = """\
The token is what comes after #token= in the address of this page. Your browser
keeps that part to itself: it was not sent to the server. The token works once.
"""

PAGES = {
    "/reset-password": f"""\
Set a new password
==================

{_ABOUT}
In a terminal, run this, and paste the token when you are asked for it:

    smelt password reset --mailed

Without the command, send it with a new password:

    POST /v1/passwordResets:confirm
    {{"token": "...", "new_password": "..."}}
""",
    "/sign-in": f"""\
Sign in
=======

{_ABOUT}
If `smelt login --link` waits in a terminal, paste the token there.

Without the command, send it, and get a session:

    POST /v1/signInLinks:confirm
    {{"token": "..."}}
""",
    "/verify-email": f"""\
Confirm your e-mail address
===========================

{_ABOUT}
In a terminal, run this, and paste the token when you are asked for it:

    smelt verify-email

Without the command, send it:

    POST /v1/users:verifyEmail
    {{"token": "..."}}
""",
}
