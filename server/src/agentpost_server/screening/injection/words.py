"""Words of instructions to a model, in twenty languages: groups of beginnings of words, alternatives by `|`.

Folded on import as the mail's text is (`fold`), so accents and capitals do not matter. A group holds all languages.
"""

from typing import Final

TURNED: Final = (
    "ignore|forget|instruct|istruz|indicac|anweisung|consigne|prompt|assist|agent|language|password|passwort|message|"
    "forward|nachricht|inoltra|reenv|reply|secret|utente|nutzer|user|usu"
)
"""Words to look for in rot13, where one of them says that the text is worth turning."""

GROUPS: Final[dict[str, str]] = {
    "ignore": (
        "ignore|disregard|forget|override|overrule|bypass|overwrite|do not follow|don't follow|stop following|"
        "pay no attention|skip all|ignorier|vergiss|vergessen sie|missacht|beachte nicht|oublie|"
        "ne tiens pas compte|"
        "ne tenez pas compte|fais abstraction|ignorez|ignora|olvida|olvide|no tengas en cuenta|haz caso omiso|"
        "dimentica|"
        "non tenere conto|esqueça|esquece|desconsidere|desconsidera|negeer|vergeet|zignoruj|ignoruj|zapomnij|pomiń|"
        "ignorera|glöm|bortse från|ignorer|glem|se bort fra|zapomeň|nedbej|yok say|unut|görmezden gel|dikkate alma|"
        "игнорир|проигнорир|забудь|не обращай внимания|ігноруй|проігноруй|забудьте|無視|忘れ|忽略|忘记|忘掉|"
        "无视|不要理会|"
        "무시|잊고|잊어|따르지|تجاهل|انس|لا تتبع|התעלם|שכח|अनदेखा|भूल जा|ध्यान न दें|नजरअंदाज"
    ),
    "rules": (
        "instruction|guideline|guidance|rules|prompt|directive|directions|restriction|programming|you were told|"
        "you have been told|you were given|everything you|limits|safety|the above|what the user|anweisung|"
        "instruktion|"
        "vorgabe|richtlinie|regeln|consigne|règles|directives|indicaci|instrucci|reglas|directric|istruzioni|"
        "regole|"
        "direttive|instruç|diretriz|orientações|instructie|richtlijn|instrukc|polece|zasad|wytyczn|wskazów|"
        "anvisning|"
        "riktlinj|retningslinj|regler|pokyn|pravidl|příkaz|talimat|kurallar|yönerge|инструкц|указани|правила|"
        "директив|"
        "інструкц|вказівк|指示|命令|指令|规则|提示词|ルール|プロンプト|지시|명령|규칙|지침|프롬프트|تعليمات|"
        "الأوامر|القواعد|הוראות|"
        "הנחיות|כללים|निर्देश|आदेश|नियम"
    ),
    "prior": (
        "previous|prior|above|earlier|before|preceding|all |any |every|your |original|existing|initial|so far|"
        "vorherig|"
        "bisherig|vorig|früher|alle |obig|deine|précédent|antérieur|toutes|tous|anterior|previa|todas|todos|"
        "precedent|"
        "tutte|finora|ricevuto|vorige|eerdere|poprzedni|wcześniej|wszystk|tidigare|alla |tidligere|předchoz|"
        "všechn|önceki|"
        "tüm|предыдущ|прежн|все |попередн|усі |以前|これまで|すべて|先前|之前|所有|以上|이전|모든|السابقة|"
        "جميع|كل |הקודמות|כל |"
        "पिछले|सभी"
    ),
    "model": (
        "ai assistant|ai agent|ai model|ai reader|ai system|an ai|the ai|ai that|ais |language model|"
        "large language|llm|"
        "chatbot|chat bot|gpt|claude|gemini|copilot|assistant|automated agent|ai-assistent|ki-assistent|"
        "ki-agent|eine ki|"
        "die ki|sprachmodell|künstliche intelligenz|une ia|assistant ia|l'ia|agent ia|modèle de langage|una ia|"
        "asistente de ia|agente de ia|modelo de lenguaje|inteligencia artificial|assistente ia|assistente di ia|"
        "intelligenza artificiale|modello linguistico|assistente de ia|modelo de linguagem|inteligência artificial|"
        "taalmodel|ai-agent|model językow|asystencie ai|asystent ai|språkmodell|sprogmodel|jazykový model|"
        "yapay zeka|dil modeli|ии-ассистент|ии-агент|языков|искусственный интеллект|ші-асистент|мовна модель|"
        "штучний інтелект|aiアシスタント|言語モデル|aiエージェント|人工知能|ai助手|语言模型|語言模型|人工智能|"
        "ai 어시스턴트|ai 비서|"
        "언어 모델|인공지능|الذكاء الاصطناعي|نموذج لغوي|مساعد ذكي|בינה מלאכותית|מודל שפה|עוזר ai|एआई|"
        "भाषा मॉडल|कृत्रिम"
    ),
    "hail": (
        "if you are|if you're|attention|note to|note for|dear|hey|message to|message for|to whichever|to any|"
        "to all|"
        "for the|you are|as a|as an|any |hello|important|processing|reading this|reads this|wenn du|falls du|"
        "hinweis an|"
        "achtung|nachricht an|an den|an die|si tu es|si vous êtes|à l'attention|note à|attention|si eres|atención|"
        "nota para|mensaje para|aviso para|se sei|nota per|attenzione|messaggio per|se você é|atenção|"
        "mensagem para|"
        "als je|bericht voor|let op|jeśli jesteś|uwaga|wiadomość dla|om du är|till|meddelande|hvis du er|"
        "besked til|"
        "pokud jsi|zpráva pro|eğer|dikkat|mesaj|если ты|если вы|внимание|сообщение для|якщо ти|якщо ви|увага|"
        "повідомлення для|へ|あなたが|もし|致|如果你|给|注意|에게|당신이|만약|إلى|إذا كنت|תשומת לב|אם אתה|"
        "הודעה ל|यदि आप|के लिए|ध्यान दें"
    ),
    "send": (
        "forward|send|transfer|share|upload|post |export|copy|bcc|e-mail|email |mail it|mail them|submit|leak|"
        "exfiltrat|"
        "wire|reply with|include|append|attach |search the|output|deliver|weiterleit|leite|sende|schick|"
        "überweis|teile|"
        "lade|kopier|transfère|transférez|envoie|envoyez|partage|réponds avec|joins|reenvía|envía|manda|"
        "comparte|copia|"
        "inoltra|invia|spedisci|condividi|encaminhe|reenvie|envie|mande|compartilhe|stuur|doorsturen|deel|prześlij|"
        "wyślij|przekaż|udostępnij|vidarebefordra|skicka|dela|videresend|send |del |přepošli|pošli|odešli|"
        "ilet|gönder|"
        "paylaş|yönlendir|перешли|отправ|пришли|скопируй|перешли|надішли|відправ|перешліть|転送|送信|送って|"
        "共有|转发|发送|"
        "发到|傳送|轉寄|전달|보내|전송|공유|أرسل|أعد توجيه|شارك|حوّل|שלח|העבר|שתף|भेज|अग्रेषित|साझा"
    ),
    "goods": (
        "all messages|all mails|all emails|every message|every mail|every reply|every attachment|last ten|"
        "last twenty|"
        "messages of|last messages|most recent|newest message|inbox|mailbox|contact list|contacts|customer list|"
        "attachments|contents of|full text|conversation|history|confidential|password|credential|api key|"
        "api-key|token|"
        "secret|verification code|session|system prompt|reset link|phone number|home address|what you find|"
        "data=|postfach|"
        "posteingang|nachrichten|e-mails|passwort|kontakte|systemprompt|boîte|messages|mots de passe|mot de passe|"
        "bandeja|mensajes|correos|contraseña|contenido|casella|tutta la posta|messaggi|contenuto|mensagens|"
        "senha|caixa|"
        "berichten|mailbox|wachtwoord|skrzynk|wiadomości|hasł|meddelanden|inkorg|lösenord|beskeder|indbakke|"
        "adgangskode|"
        "schránk|zpráv|heslo|gelen kutusu|iletileri|iletiler|mesajları|şifre|ящик|письма|сообщения|пароль|"
        "скриньк|листи|"
        "受信箱|受信トレイ|メール|パスワード|收件箱|邮件|密码|받은편지함|메일|비밀번호|البريد|الرسائل|"
        "كلمة المرور|התיבה|ההודעות|"
        "סיסמה|הסיסמה|इनबॉक्स|संदेश|पासवर्ड"
    ),
    "secrets": (
        "system prompt|systemprompt|prompt système|prompt de sistema|prompt di sistema|prompt do sistema|"
        "api key|api-key|"
        "password|passwort|credential|session token|secrets|secret key|verification code|hidden configuration|"
        "your instructions|mots de passe|contraseña|senha|wachtwoord|hasło|lösenord|adgangskode|пароль|パスワード|"
        "システムプロンプト|系统提示|密码|비밀번호|시스템 프롬프트|كلمة المرور|סיסמה|पासवर्ड"
    ),
    "reveal": (
        "reveal|print|output|disclose|show me|repeat|list the|start by listing|tell me|send me|reply with|"
        "share|find|"
        "give me|verrate|nenne|zeige|schick|antworte|révèle|révélez|réponds|donne|revela|muestra|rivela|"
        "mostra|revele|"
        "revela|envie|mostre|onthul|toon|ujawnij|pokaż|avslöja|visa|afslør|vis |prozraď|ukaž|açıkla|göster|"
        "раскрой|покажи|"
        "отправь|розкрий|покажи|надішли|教え|書き|表示|透露|显示|发送|알려|보여|공개|اكشف|أرسل|חשוף|הצג|बताओ|"
        "दिखा|भेज"
    ),
    "change": (
        "bypass|skip the|add |create|register|change|disable|enable|grant|whitelist|turn off|remove|delete|"
        "set up|füge|lege|erstell|"
        "änder|deaktivier|lösche|ajoute|crée|modifie|désactive|supprime|añade|agrega|crea|cambia|desactiva|borra|"
        "aggiungi|modifica|disattiva|cancella|adicione|crie|altere|desative|apague|voeg|maak|wijzig|schakel|"
        "verwijder|"
        "dodaj|utwórz|zmień|wyłącz|usuń|lägg till|skapa|ändra|tilføj|opret|ændr|přidej|vytvoř|změň|ekle|"
        "oluştur|değiştir|"
        "добавь|создай|измени|отключи|додай|створи|зміни|вимкни|追加|作成|変更|添加|创建|修改|关闭|추가|생성|"
        "변경|أضف|أنشئ|غيّر|"
        "הוסף|צור|שנה|जोड़|बना|बदल"
    ),
    "settings": (
        "allow list|allowlist|allow-list|allowed sender|whitelist|white list|webhook|api key|api-key|"
        "filter rule|filter|"
        "forwarding rule|recovery address|approval|permission|full rights|admin rights|this message after|"
        "this message|"
        "api-schlüssel|freigabeliste|erlaubte|liste blanche|expéditeurs autorisés|lista de permitidos|lista blanca|"
        "lista consentita|lista de permissões|toegestane|białą list|dozwolon|tillåt|tilladte|povolen|izin verilen|"
        "белый список|разрешённ|дозволен|許可リスト|白名单|允许|허용|المسموح|רשימת המותרים|अनुमत"
    ),
    "hush": (
        "do not tell|don't tell|never tell|tell nobody|tell no one|do not mention|don't mention|never mention|"
        "do not inform|do not notify|do not show|must not show|must not see|without telling|without informing|"
        "without asking|without the user|without confirmation|keep it secret|keep this secret|"
        "keep this hidden|quietly|"
        "silently|secretly|do not reveal|do not ask|sage dem nutzer nichts|nichts davon|erwähne es|"
        "nicht erwähn|ohne zu|"
        "sans en informer|sans le dire|sans prévenir|ne le dis|ne le dites|no informes|no se lo digas|sin avisar|"
        "sin decir|no le digas|senza dirlo|senza avvisare|non avvisare|non dire|sem avisar|não conte|"
        "não avise|não informe|"
        "vertel de gebruiker niets|vertel niets|zonder te|niets weten|nie mów|nie informuj|bez wiedzy|berätta inte|"
        "utan att|fortæl ikke|uden at|neříkej|bez vědomí|söyleme|haber verme|не сообщай|не говори|не уведомляй|"
        "не повідомляй|не кажи|知らせない|伝えない|言わない|不要告诉|不要通知|别告诉|알리지 마|말하지 마|"
        "لا تخبر|دون إخبار|אל תספר|"
        "בלי לספר|मत बताना|न बताएं|बिना बताए"
    ),
    "person": (
        "user|human|owner|operator|recipient|anyone|nobody|no one|them|confirmation|nutzer|benutzer|niemand|"
        "utilisateur|"
        "usuario|utente|usuário|ninguém|nadie|gebruiker|użytkownik|användar|bruger|uživatel|kullanıcı|"
        "пользовател|ему|"
        "користувач|ユーザー|用户|사용자|المستخدم|המשתמש|उपयोगकर्ता"
    ),
    "role": (
        "you are now|developer mode|dan mode|are dan|unrestricted|without limits|jailbreak|pretend that you|"
        "pretend you|"
        "act as|your new task|your only job|your only task|new instructions|new task|maintenance mode|"
        "restrictions are lifted|your new role|from now on, |from here on|treat the text|treat it as|treat this|"
        "trusted instruction|must comply|as safe and|skip all checks|neue anweisungen|ab jetzt bist du|"
        "du bist jetzt|"
        "tu es désormais|nouvelles instructions|ahora eres|nuevas instrucciones|ora sei|nuove istruzioni|"
        "agora você é|"
        "novas instruções|je bent nu|nieuwe instructies|jesteś teraz|nowe instrukcje|du är nu|du er nu|"
        "nyní jsi|artık sen|"
        "yeni talimat|теперь ты|новые инструкции|тепер ти|нові інструкції|あなたは今|新しい指示|你现在是|"
        "新的指令|이제 당신은|"
        "새로운 지시|أنت الآن|تعليمات جديدة|עכשיו אתה|הוראות חדשות|अब आप|नए निर्देश"
    ),
    "answer": (
        "your summary|the summary|your reply|your answer|your response|when you write|when summari|"
        "when you summari|"
        "stop summari|do not summari|before you answer|begin your reply|answer only with|reply with|word for word|"
        "treat the|you are asked to answer|antworte auf diese|beginne deine antwort|réponds avec|"
        "commence ta réponse|"
        "responde con|rispondi con|responda com|antwoord met|odpowiedz|svara med|svar med|odpověz|yanıtla|ответь|"
        "відповідай|返信に|回复中|답장에|أجب|ענה|उत्तर में"
    ),
    "authority": (
        "your developer|your provider|your operator|your administrator|the administrator|system administrator|"
        "authorised|"
        "authorized|has granted|granted you|already agreed|as agreed|new policy|needed for compliance|openai|"
        "anthropic|"
        "administrators|administrateur|administrador|amministratore|beheerder|administrator|администратор|"
        "адміністратор|"
        "管理者|管理员|관리자|المسؤول|המנהל|प्रशासक"
    ),
}
