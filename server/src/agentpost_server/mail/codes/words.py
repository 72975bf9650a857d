"""What mails say around a one-time code, in each language: one row a language, so that a new one is a row and no more.

A row holds beginnings of words, alternatives by `|`, as people write them; `fold` takes case and accents away on import
and from the mail alike. A mail is never first guessed to be in a language: all rows are looked for in every mail.
"""

from typing import NamedTuple


class Words(NamedTuple):
    """`named`: a one-time code for certain. `vague`: a code of some kind. `other`: nouns whose numbers are no codes.
    `passing`: said of what is good once and for minutes. `linked`: names the link itself. The rest say what for."""

    named: str
    vague: str
    other: str
    sign_in: str
    verify: str
    reset: str
    passing: str
    linked: str


EN = Words(
    named="digit code|digit number|digit pin"
    "|verification code|verification number|verification pin|confirmation code|security code|security pin"
    "|one-time code|one time code|one-time password|one time password|one-time passcode|one time passcode"
    "|one-time pin|one time pin|single-use code|single use code|otp|passcode|pass code|login code"
    "|log-in code|log in code|sign-in code|sign in code|signin code|authentication code"
    "|authorization code|auth code|2fa code|mfa code|two-factor code|two-step code|activation code"
    "|reset code|recovery code|temporary code|temporary password|temporary pin|validation code|magic code"
    "|access code|approval code|identity code|device code|2-step code|sign-up code|verify code|totp",
    vague="code|pin|password",
    other="order|invoice|tracking|shipment|parcel|package|ticket|case |case:|reference|ref.|ref:|booking"
    "|reservation|flight|confirmation number|account|acct|card|phone|tel|call |fax|zip|postal|postcode"
    "|post code|promo|discount|coupon|voucher|gift|referral code|area code|error code|status code|qr code"
    "|barcode|source code|country code|dress code|product|sku|serial|model|version|build|issue"
    "|pull request|commit|room|gate|seat|meeting|webinar|customer|member|policy|po box|p.o. box|amount"
    "|total|price|vat|tax|iban|bic|sort code|swift|copyright|©|suite|floor|street|avenue|road|ending in"
    "|ends in|request id|session id|message id|user id|device id|isbn|usd|eur|gbp|rs.|inr|membership"
    "|subscription|license|licence|patient|student|employee|claim|loan|contract|quote|transaction|payment"
    "|receipt|registration number|batch|locker|pickup|pick-up|collection code|wi-fi|wifi"
    "|password protected|morse|code review|code of|codebase|airbill|waybill|delivery|dispatch|reg. no"
    "|company no|company number|population|people|users|visitors|points|miles|dial-in|conference"
    "|access number|exit code|http|line ",
    sign_in="sign in attempt|access code|authentication code|two-step|two-factor|2-step|2fa|sign in|sign-in"
    "|signin|log in|log-in|login"
    "|logging in|signing in|log on|magic link|access your account|sign me in|log me in",
    verify="verify|verification|confirm|activate|activation|validate|registration|sign up|sign-up|signing up"
    "|complete your account|finish setting up|set up your account|accept the invitation|accept your invitation"
    "|accept invitation|accept invite",
    reset="reset|forgot|new password|change your password|change password"
    "|choose a password"
    "|recover your|recover my|recover access|account recovery|password recovery|recovery code|recovery link"
    "|set a password|set your password|set password|choose password|create password|create a password",
    passing="never forward|do not forward|don't forward"
    "|expire|valid for|good for|valid until|only valid|do not share|don't share|never share|don’t share"
    "|didn't request|didn’t request|did not request|didn't ask|did not ask|didn’t ask|didn't try"
    "|did not try|will ask you for|ignore this|can only be used once|can be used once|used only once"
    "|if this was not you|if this wasn't you|keep it secret",
    linked="magic link|sign-in link|sign in link|login link|log-in link|verification link|confirmation link"
    "|reset link|this link|link below|following link|button below|button above|link above|the link to|"
    "activation link",
)
