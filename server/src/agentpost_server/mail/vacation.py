"""Subjects that mail programs give to automatic replies, in the usual languages. A hint: anyone may write one."""

import re
from typing import Final

_PHRASES: Final = (
    *("automatic reply", "auto reply", "auto-reply", "autoreply", "auto response", "automated reply"),
    *("automated response", "automatic response", "autoresponse", "out of office", "out of the office"),
    *("out-of-office", "i am on vacation", "on vacation", "vacation reply", "vacation response", "on annual leave"),
    *("automatische antwort", "abwesenheitsnotiz", "abwesenheitsnachricht", "abwesend", "automatische rückantwort"),
    *("réponse automatique", "message d'absence", "absence du bureau", "absent du bureau", "réponse d'absence"),
    *("respuesta automática", "fuera de la oficina", "ausente de la oficina", "resposta automàtica"),
    *("risposta automatica", "fuori sede", "fuori ufficio", "resposta automática", "fora do escritório", "ausência"),
    *("automatisch antwoord", "afwezigheidsbericht", "afwezig", "niet aanwezig"),
    *("autosvar", "automatiskt svar", "automatisk svar", "frånvaro", "fravær", "automaattinen vastaus", "poissa"),
    *("autoodpowiedź", "odpowiedź automatyczna", "automatyczna odpowiedź", "nieobecność", "automatická odpověď"),
    *(
        "mimo kancelář",
        "automatická odpoveď",
        "automatikus válasz",
        "házon kívül",
        "räspuns automat",
        "răspuns automat",
    ),
    *("otomatik yanıt", "ofis dışında", "αυτόματη απάντηση", "εκτός γραφείου", "автоматический ответ", "автоответ"),
    *("автоматична відповідь", "автоматичен отговор", "מענה אוטומטי", "תשובה אוטומטית", "رد تلقائي", "الرد التلقائي"),
    *(
        "自动回复",
        "自動回覆",
        "自動回復",
        "外出通知",
        "自動返信",
        "自動応答",
        "不在通知",
        "자동 회신",
        "자동 응답",
        "부재중",
    ),
    *("trả lời tự động", "balas otomatis", "balasan otomatis", "jawapan automatik", "ตอบกลับอัตโนมัติ", "स्वत: उत्तर"),
)
_SUBJECT: Final = re.compile(
    rf"[\s\[(]{{0,3}}({'|'.join(map(re.escape, _PHRASES))})(?!\w)[\])\s]{{0,3}}[:：\-–—]?\s*", re.IGNORECASE
)


def is_vacation_subject(subject: str) -> bool:
    """It begins as automatic replies do: nothing stands before that, no `Re:` either."""
    return _SUBJECT.match(subject[:200]) is not None


def without_vacation(subject: str) -> str:
    """`Automatic reply: Hello` -> `Hello`; any other as it is."""
    found = _SUBJECT.match(subject[:200])
    return subject[found.end() :] if found else subject
