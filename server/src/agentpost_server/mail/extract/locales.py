"""What mail clients write in each language: attribution verbs, header labels, forward marks and "sent from" lines.

One row a language, so that a new one is a row and nothing else. The rows are merged on import into the few look-ups
below; a mail is never first guessed to be in a language, because replies mix them. All words are case-folded.
"""

import re
from enum import IntEnum
from typing import NamedTuple


class Label(IntEnum):
    """The header fields that clients copy above a quoted or forwarded mail."""

    FROM = 1
    DATE = 2
    TO = 3
    CC = 4
    SUBJECT = 5
    OTHER = 6


class Locale(NamedTuple):
    """`labels` lists FROM / DATE / TO / CC / SUBJECT, alternatives by comma; the other fields alternatives by `|`."""

    verbs: str
    leads: str
    labels: str
    forwarded: str
    original: str
    sent_from: str


LOCALES: dict[str, Locale] = {
    "en": Locale(
        "wrote|writes|said",
        "on |at ",
        "from/sent,date/to/cc/subject,subj",
        "forwarded message|begin forwarded message|forwarded by|forwarded email",
        "original message|original email|original appointment",
        "sent from|sent via|sent with|sent using|get outlook for|download outlook for",
    ),
    "de": Locale(
        "schrieb|schrieb am|hat geschrieben|geschrieben",
        "am |an dem |von ",
        "von/gesendet,datum,gesendet am/an/cc,kopie/betreff",
        "weitergeleitete nachricht|anfang der weitergeleiteten nachricht|weitergeleitete e-mail",
        "ursprüngliche nachricht|original-nachricht|originalnachricht|originalmail|ursprünglicher termin",
        "von meinem|gesendet von|gesendet mit|diese nachricht wurde von|holen sie sich outlook|outlook für",
    ),
    "fr": Locale(
        "a écrit|écrit|a ecrit",
        "le |on ",
        "de/envoyé,date,envoyé le/à,a/cc,copie à/objet,sujet",
        "message transféré|début du message transféré|début du message réexpédié|message réexpédié|forwarded message",
        "message d'origine|message original|message d’origine",
        "envoyé de|envoyé depuis|envoyé à partir|envoyé avec|envoyé via|télécharger outlook|obtenir outlook",
    ),
    "es": Locale(
        "escribió|escribio|ha escrito",
        "el |en ",
        "de/enviado,fecha,enviado el/para,a/cc/asunto",
        "mensaje reenviado|inicio del mensaje reenviado|forwarded message",
        "mensaje original|correo original",
        "enviado desde|enviado con|enviado a través|enviado de|obtener outlook|obtén outlook|descargar outlook",
    ),
    "it": Locale(
        "ha scritto|scrive|ha scritto quanto segue|scritto",
        "il giorno |il |in data |on ",
        "da/inviato,data/a/cc/oggetto",
        "messaggio inoltrato|inizio messaggio inoltrato|inizio del messaggio inoltrato|forwarded message",
        "messaggio originale",
        "inviato da|inviato con|scarica outlook|ottieni outlook|outlook per",
    ),
    "pt": Locale(
        "escreveu",
        "em |no dia |a |on ",
        "de/enviado,enviada,data,enviado em,enviada em/para/cc/assunto",
        "mensagem encaminhada|mensagem reencaminhada|início da mensagem encaminhada|início da mensagem reencaminhada",
        "mensagem original",
        "enviado do|enviado de|enviado a partir|enviado pelo|obter o outlook|obtenha o outlook|baixar o outlook",
    ),
    "nl": Locale(
        "schreef|heeft het volgende geschreven|geschreven",
        "op ",
        "van/verzonden,datum,verzonden op/aan/cc/onderwerp",
        "doorgestuurd bericht|begin doorgestuurd bericht",
        "oorspronkelijk bericht|origineel bericht",
        "verstuurd vanaf|verzonden vanaf|verzonden met|verstuurd met|verzonden via|outlook voor|download outlook voor",
    ),
    "pl": Locale(
        "napisał(a)|napisał|napisała|pisze|użytkownik",
        "dnia |w dniu |on ",
        "od/wysłano,data,wysłane/do/dw,kopia,cc/temat",
        "forwarded message|przekazana wiadomość|początek przekazywanej wiadomości|treść przekazanej wiadomości",
        "oryginalna wiadomość|wiadomość oryginalna|original message",
        "wysłane z|wysłano z|wysłane za pomocą|pobierz program outlook|pobierz outlook",
    ),
    "sv": Locale(
        "skrev|skrev följande",
        "den |på ",
        "från/skickat,datum/till/kopia,kopia till,cc/ämne",
        "vidarebefordrat meddelande|vidarebefordrat brev|vidarebefordrat mejl|börja vidarebefordrat meddelande",
        "ursprungligt meddelande|originalmeddelande",
        "skickat från|skickat med|skickades från|skaffa outlook|hämta outlook",
    ),
    "da": Locale(
        "skrev|skrev følgende",
        "den |på ",
        "fra/sendt,dato/til/cc/emne",
        "videresendt meddelelse|videresendt besked|start på videresendt besked",
        "oprindelig meddelelse|oprindelig besked",
        "sendt fra|sendt med|hent outlook",
    ),
    "no": Locale(
        "skrev|skrev følgende",
        "den |på ",
        "fra/sendt,dato/til/kopi,cc/emne",
        "videresendt melding|begynnelse på videresendt melding|videresendt e-post",
        "opprinnelig melding|original melding",
        "sendt fra|sendt med|skaff deg outlook|last ned outlook|få outlook",
    ),
    "fi": Locale(
        "kirjoitti",
        "",
        "lähettäjä/lähetetty,päivä,päiväys,pvm/vastaanottaja/kopio,cc/aihe",
        "välitetty viesti|edelleenlähetetty viesti|välitetty viesti alkaa",
        "alkuperäinen viesti",
        "lähetetty|hanki outlook",
    ),
    "cs": Locale(
        "napsal(a)|napsal|napsala|odesílatel",
        "dne |v ",
        "od,odesílatel/odesláno,datum/komu,příjemce/kopie,cc/předmět",
        "přeposlaná zpráva|přeposlaný e-mail|začátek přeposílané zprávy|forwarded message",
        "původní zpráva|původní e-mail",
        "odesláno z|odesláno ze|získat outlook|stáhnout outlook",
    ),
    "sk": Locale(
        "napísal(a)|napísal|napísala",
        "dňa ",
        "od/odoslané,dátum/komu/kópia/predmet",
        "preposlaná správa",
        "pôvodná správa",
        "odoslané z|získať outlook",
    ),
    "hu": Locale(
        "írta|ezt írta",
        "",
        "feladó/elküldve,dátum/címzett/másolat,másolatot kap/tárgy",
        "továbbított üzenet|továbbított levél",
        "eredeti üzenet",
        "elküldve|küldve|outlook beszerzése",
    ),
    "ro": Locale(
        "a scris",
        "în |pe |la ",
        "de la/trimis,data/către,catre/cc/subiect",
        "mesaj redirecționat|mesaj redirecţionat|forwarded message",
        "mesaj original|mesajul original",
        "trimis de pe|trimis din|obțineți outlook",
    ),
    "tr": Locale(
        "yazdı|şunu yazdı|şunları yazdı|tarihinde",
        "",
        "kimden,gönderen/gönderildi,tarih,gönderme tarihi/kime,alıcı/bilgi,cc/konu",
        "iletilen mesaj|yönlendirilen ileti|iletilmiş mesaj|yönlendirilmiş ileti başlangıcı",
        "orijinal mesaj|özgün ileti|orijinal ileti",
        "gönderildi|outlook'u edinin",
    ),
    "el": Locale(
        "έγραψε|έγραψαν",
        "στις |την |την ",
        "από/στάλθηκε,ημερομηνία,απεσταλμένα/προς/κοιν/θέμα",
        "προωθημένο μήνυμα|έναρξη προωθημένου μηνύματος",
        "αρχικό μήνυμα",
        "στάλθηκε από|εστάλη από|αποστολή από",
    ),
    "ru": Locale(
        "пишет|написал(а)|написал|написала|писал",
        "",
        "от/отправлено,дата,отправлен/кому/копия/тема",
        "пересланное сообщение|пересылаемое сообщение|начало переадресованного сообщения|переадресованное сообщение",
        "исходное сообщение|оригинальное сообщение",
        "отправлено с|отправлено из|отправлено через|скачать outlook|получить outlook",
    ),
    "uk": Locale(
        "пише|написав|написала|написав(ла)",
        "",
        "від/надіслано,дата,відправлено/кому/копія/тема",
        "переслане повідомлення|переадресоване повідомлення",
        "вихідне повідомлення|оригінальне повідомлення",
        "надіслано з|відправлено з|отримати outlook",
    ),
    "ja": Locale(
        "のメール|が書きました|は書きました|さんは書きました|wrote",
        "",
        "差出人,送信者/送信日時,日時,日付/宛先/cc/件名",
        "転送されたメッセージ|転送メッセージ|forwarded message",
        "元のメッセージ|オリジナルメッセージ",
        "から送信|から送信されました|を入手",
    ),
    "zh": Locale(
        "写道|寫道|写了|撰寫|撰写",
        "在 |于 |於 ",
        "发件人,寄件者,寄件人/发送时间,日期,時間,时间,寄件日期,發送時間,傳送時間/收件人,收件者/抄送,副本/主题,主旨,主題",
        "转发的邮件|转发邮件信息|轉寄的郵件|轉寄郵件|已转发邮件|开始转发邮件|開始轉寄郵件",
        "原始邮件|原始郵件|邮件原件|原始信件",
        "发自|發自|从我的|從我的|寄自|获取|下载",
    ),
    "ko": Locale(
        "작성|님이 작성|님이 씀|썼습니다",
        "",
        "보낸 사람,보낸사람,발신/보낸 날짜,날짜,보낸날짜,일시/받는 사람,받는사람,수신/참조/제목",
        "전달된 메시지|전달된 메일|forwarded message",
        "원본 메시지|원본 메일|원래 메시지",
        "에서 보냄|에서 보냈습니다|다운로드",
    ),
    "ar": Locale(
        "كتب|كتبت",
        "في |بتاريخ ",
        "من/تاريخ الإرسال,التاريخ,تم الإرسال/إلى/نسخة/الموضوع",
        "رسالة معاد توجيهها|الرسالة المحولة|forwarded message",
        "الرسالة الأصلية",
        "أُرسلت من|مرسل من|تم الإرسال من",
    ),
    "he": Locale(
        "כתב/ה|כתב|כתבה|מאת",
        "בתאריך |ב-",
        "מאת/נשלח,תאריך/אל/עותק/נושא",
        "הודעה שהועברה|forwarded message",
        "הודעה מקורית",
        "נשלח מה|נשלח מ",
    ),
}

DEVICES = re.compile(
    r"iphon|ipad|ipod|apple watch|android|samsung|galaxy|huawei|xiaomi|redmi|oneplus|pixel|nokia|motorola|blackberry"
    r"|windows|smartphone|smart phone|mobil|phone|handy|telefon|teléfono|téléphone|móvil|celular|tablet|smartfon"
    r"|outlook|mailbird|apple mail|proton|yahoo|gmail|aol|gmx|web\.de|spark|superhuman|fairemail|k-9|thunderbird|mac\b"
    r"|компьютер|телефон|айфон|смартфон|手机|手機|휴대|スマート"
)

_OTHER_LABELS = (
    "bcc,reply-to,attachments,importance,organization,anhänge,priorität,pièces jointes,importancia,datos adjuntos"
)


def _split(rows: list[str]) -> tuple[str, ...]:
    words = {word.casefold().replace("\u0307", "") for row in rows for word in row.split("|") if word}
    return tuple(sorted(words, key=lambda word: (-len(word), word)))


def _labels() -> dict[str, Label]:
    found: dict[str, Label] = dict.fromkeys(_OTHER_LABELS.split(","), Label.OTHER)
    for locale in LOCALES.values():
        for label, words in zip(Label, locale.labels.split("/"), strict=False):
            for word in words.split(","):
                found.setdefault(word.casefold().replace("\u0307", ""), label)
    return found


LABELS: dict[str, Label] = _labels()
LEADS: tuple[str, ...] = _split([locale.leads for locale in LOCALES.values()])
FORWARDED: frozenset[str] = frozenset(_split([locale.forwarded for locale in LOCALES.values()]))
ORIGINAL: frozenset[str] = frozenset(_split([locale.original for locale in LOCALES.values()]))
SENT_FROM: tuple[str, ...] = _split([locale.sent_from for locale in LOCALES.values()])


def _verb_pattern() -> re.Pattern[str]:
    """Words stand alone where a script has spaces; Chinese, Japanese and Korean verbs follow a name without one."""
    words = _split([locale.verbs for locale in LOCALES.values()])
    spaced = "|".join(re.escape(word) for word in words if word[0] < "\u2e80")
    joined = "|".join(re.escape(word) for word in words if word[0] >= "\u2e80")
    return re.compile(rf"(?<!\w)(?:{spaced})(?!\w)|{joined}")


VERB: re.Pattern[str] = _verb_pattern()
