"""The rows of `words.py` for languages in Latin letters."""

from typing import Final

from agentpost_server.mail.codes.words import Words

LATIN: Final[dict[str, Words]] = {
    "de": Words(
        named="bestätigungscode|bestätigungs-code|verifizierungscode|verifikationscode|sicherheitscode"
        "|sicherheits-code|prüfcode|einmalcode|einmal-code|einmalpasswort|einmal-passwort|einmalkennwort"
        "|einmal-pin|anmeldecode|anmelde-code|login-code|logincode|zugangscode|zugriffscode|freigabecode"
        "|aktivierungscode|authentifizierungscode|freischaltcode|mtan|tan|zurücksetzungscode"
        "|registrierungscode|passcode|temporäres passwort|einmaliger code|einmaligen code",
        vague="code|pin|kennwort|passwort",
        other="bestell|auftrag|rechnung|sendung|paket|kunde|vertrag|aktenzeichen|vorgang|referenz|telefon|tel.|tel:"
        "|hotline|fax|postleitzahl|plz|gutschein|rabatt|aktionscode|buchung|reservierung|konto|karte|mitglied"
        "|betrag|summe|gesamt|preis|mwst|ust|steuer|hrb|straße|str.|endet auf|mit der endung|ticket|artikel"
        "|geschenk|kurs|zimmer|abhol|zähler|seriennummer|besucher|einwohner",
        sign_in="zugangscode|anmeld|einlogg|einzulogg|log dich ein|loggen sie sich ein|login|log-in|anzumeld"
        "|zugang zu ihrem konto|melde dich an|melden sie sich",
        verify="einladung annehmen|nehmen sie die einladung|nimm die einladung|"
        "bestätig|verifizier|aktivier|registrier|freischalt|freizuschalt",
        reset="passwort festleg|passwort vergeben|passwort wählen|passwort setzen|passwort erstellen|passwort fest|"
        "zurücksetz|zurückzusetz|passwort vergessen|kennwort vergessen|neues passwort|neues kennwort"
        "|passwort ändern|passwort zu ändern",
        passing="läuft ab|laufen ab|läuft in|gültig|verfällt|abläuft|geben sie diesen code|niemals weiter|niemandem"
        "|nicht weiter|nicht angefordert|nicht an andere|teilen sie|teile ihn|haben sie dies nicht|ignorieren",
        linked="anmeldelink|anmelde-link|bestätigungslink|diesen link|folgenden link|link unten|den link"
        "|aktivierungslink|magischer link|button unten",
    ),
    "fr": Words(
        named="code de vérification|code de confirmation|code de sécurité|code de connexion|code d'accès"
        "|code d’accès|code d'authentification|code d’authentification|code d'activation|code d’activation"
        "|code de validation|code à usage unique|code unique|code temporaire|code de réinitialisation"
        "|code confidentiel|mot de passe à usage unique|mot de passe temporaire|code provisoire"
        "|code d'identification|code secret|code d'inscription",
        vague="code|mot de passe",
        other="commande|facture|colis|suivi |de suivi|livraison|client|contrat|dossier|référence|réf.|téléphone|tél"
        "|code postal|code promo|code de réduction|code avantage|bon de réduction|bon d'achat|remise"
        "|réservation|vol |compte|carte|adhérent|montant|total|prix|tva|siret|siren|rcs|rue|avenue|boulevard"
        "|se terminant|cedex|numéro de|n°|ticket|cadeau|parrainage|place|chambre|retrait|visiteurs|habitants",
        sign_in="authentifi|"
        "code d'accès|se connecter|connexion|connecter|connectez|identifier|lien magique"
        "|accéder à votre compte",
        verify="j'active|accepter l'invitation|acceptez l'invitation|"
        "vérifi|confirm|activer|activez|activation|valider|validez|validation|inscription|inscrire",
        reset="choisir un mot de passe|choisissez un mot de passe|définir un mot de passe|créer un mot de passe|"
        "réinitialis|mot de passe oublié|nouveau mot de passe|changer votre mot de passe"
        "|modifier votre mot de passe",
        passing="expire|valable|valide pendant|ne le partagez|ne partagez|ne communiquez|ne le communiquez"
        "|jamais ce code|pas à l'origine|pas demandé|n'avez pas|ignorer|ignorez",
        linked="lien magique|lien de connexion|lien de confirmation|ce lien|lien ci-dessous|lien suivant|le lien"
        "|bouton ci-dessous",
    ),
    "es": Words(
        named="código de verificación|código de confirmación|código de seguridad|código de acceso"
        "|código de inicio de sesión|código de autenticación|código de activación|código de validación"
        "|código de un solo uso|código único|código temporal|código de recuperación"
        "|código de restablecimiento|contraseña de un solo uso|contraseña temporal|clave temporal"
        "|clave de un solo uso|clave dinámica|clave de acceso|pin de seguridad|código de registro"
        "|código de ingreso|código de identificación",
        vague="código|clave|contraseña|pin",
        other="pedido|factura|envío|paquete|seguimiento|cliente|contrato|referencia|teléfono|tel.|tel:"
        "|código postal|c.p.|código promocional|cupón|descuento|regalo|reserva|vuelo|cuenta|tarjeta|socio"
        "|importe|total|precio|iva|cif|nif|calle|avenida|terminada en|termina en|número de|ticket|caso"
        "|habitación|recogida|visitantes|habitantes|código de barras|rastreo|guía|cupo",
        sign_in="autentic|"
        "código de acceso|iniciar sesión|inicio de sesión|inicia sesión|inicie sesión|acceder|accede"
        "|entrar|ingresar|ingresa|enlace mágico",
        verify="aceptar la invitación|acepta la invitación|aceptar invitación|"
        "verific|confirm|activar|activa |active su|validar|valida |registro|registrar",
        reset="crear contraseña|crea tu contraseña|crear una contraseña|elige una contraseña|establecer contraseña|"
        "restablec|reestablec|restaur|olvidaste tu contraseña|olvidó su contraseña|nueva contraseña"
        "|cambiar tu contraseña|cambiar su contraseña|recuper",
        passing="caduca|vence|expira|válido|no lo compartas|no compartas|no comparta|no lo comparta|no solicitaste"
        "|no solicitó|no has solicitado|no ha solicitado|ignora este|ignore este|nunca te pediremos"
        "|no fuiste tú|no pediste",
        linked="enlace mágico|enlace de acceso|enlace de verificación|este enlace|siguiente enlace|enlace de abajo"
        "|el enlace|botón",
    ),
    "it": Words(
        named="codice di verifica|codice di conferma|codice di sicurezza|codice di accesso|codice d'accesso"
        "|codice di autenticazione|codice di attivazione|codice di convalida|codice monouso"
        "|codice usa e getta|codice temporaneo|codice univoco|codice di recupero|codice di reimpostazione"
        "|codice otp|password monouso|password temporanea|password usa e getta|codice di login|codice segreto"
        "|codice di autorizzazione",
        vague="codice|password|pin",
        other="ordine|fattura|spedizione|pacco|tracciamento|cliente|contratto|riferimento|rif.|telefono|tel.|tel:"
        "|codice postale|cap |codice sconto|codice promozionale|codice promo|buono|sconto|prenotazione|volo"
        "|conto|carta|tessera|socio|importo|totale|prezzo|iva|codice fiscale|p.iva|via |piazza|viale"
        "|che termina con|numero di|ticket|pratica|regalo|camera|ritiro|visitatori|abitanti|codice a barre"
        "|codice articolo",
        sign_in="autentic|acced|accesso|login|entra|link magico",
        verify="accetta l'invito|accettare l'invito|verific|conferm|attiv|convalid|registr",
        reset="imposta la password|imposta una password|scegli una password|crea una password|"
        "reimpost|reset|password dimenticata|nuova password|cambiare la password|ripristin",
        passing="scade|scadrà|valido|valida per|non condivid|non comunicar|non condivider|non hai richiesto"
        "|non ha richiesto|ignora|ignori|non sei stato tu",
        linked="link magico|link di accesso|link di verifica|questo link|link seguente|seguente link|link qui sotto"
        "|il link|pulsante",
    ),
    "pt": Words(
        named="código de verificação|código de confirmação|código de segurança|código de acesso|código de login"
        "|código de autenticação|código de ativação|código de validação|código de uso único|código único"
        "|código temporário|código de recuperação|código de redefinição|senha temporária|senha de uso único"
        "|palavra-passe temporária|palavra-passe de uso único|senha descartável|token de acesso"
        "|código de entrada|código de início de sessão|código de registo",
        vague="código|senha|palavra-passe|pin|token",
        other="pedido|fatura|encomenda|envio|rastreio|rastreamento|cliente|contrato|referência|telefone|tel.|tel:"
        "|código postal|cep|código promocional|cupom|cupão|desconto|vale|reserva|voo|conta|cartão|sócio"
        "|montante|total|preço|valor|nif|cnpj|cpf|rua|avenida|terminado em|final |número d|ticket|protocolo"
        "|chamado|quarto|levantamento|visitantes|habitantes|código de barras|boleto",
        sign_in="autentic|"
        "código de acesso|iniciar sessão|início de sessão|inicie sessão|entrar|acessar|aceder"
        "|fazer login|login|link mágico",
        verify="aceitar o convite|aceite o convite|aceitar convite|"
        "verific|confirm|ativar|ative |ativação|validar|registo|registro|cadastro",
        reset="definir senha|criar senha|criar uma senha|defina a sua palavra-passe|defina sua senha|"
        "redefin|repor|reposição|esqueceu|nova senha|nova palavra-passe|alterar a sua senha|recuper",
        passing="expira|válido|não o partilhe|não partilhe|não compartilhe|não solicitou|não pediu|não fez este"
        "|ignore|nunca vamos pedir|não foi você",
        linked="link mágico|link de acesso|link de verificação|este link|link abaixo|seguinte link|ligação abaixo"
        "|o link|botão",
    ),
    "nl": Words(
        named="verificatiecode|bevestigingscode|beveiligingscode|inlogcode|toegangscode|authenticatiecode"
        "|activeringscode|activatiecode|eenmalige code|eenmalig wachtwoord|eenmalige toegangscode"
        "|validatiecode|herstelcode|aanmeldcode|controlecode|tijdelijke code|tijdelijk wachtwoord"
        "|eenmalige inlogcode|tan-code",
        vague="code|pincode|wachtwoord",
        other="bestel|order|factuur|zending|pakket|klant|contract|kenmerk|referentie|telefoon|tel.|tel:|postcode"
        "|kortingscode|actiecode|korting|cadeau|boeking|reservering|vlucht|rekening|kaart|lidnummer|bedrag"
        "|totaal|prijs|btw|kvk|straat|eindigend op|dossier|ticket|artikel|kamer|afhaal|bezoekers|inwoners"
        "|streepjescode|waardebon|track",
        sign_in="toegangscode|inlog|in te loggen|log in|aanmeld|aan te melden|magische link",
        verify="uitnodiging accepteren|accepteer de uitnodiging|verifi|bevestig|activeer|activeren|registr",
        reset="wachtwoord instellen|wachtwoord kiezen|kies een wachtwoord|stel een wachtwoord|stel je wachtwoord|"
        "wachtwoord opnieuw|wachtwoord vergeten|nieuw wachtwoord|wachtwoord te wijzigen|opnieuw instellen"
        "|opnieuw in te stellen|wachtwoord herstel|herstel je wachtwoord",
        passing="verloopt|geldig|deel deze|niet delen|deel hem|nooit met|niet aangevraagd|niet zelf|heb je dit niet"
        "|heeft u dit niet|negeer|negeren",
        linked="magische link|inloglink|bevestigingslink|deze link|onderstaande link|volgende link|de link"
        "|knop hieronder|onderstaande knop",
    ),
    "pl": Words(
        named="kod weryfikacyjny|kodu weryfikacyjnego|kod potwierdzający|kod potwierdzenia|kod bezpieczeństwa"
        "|kod logowania|kod dostępu|kod uwierzytelniający|kod uwierzytelniania|kod aktywacyjny"
        "|kod jednorazowy|jednorazowy kod|hasło jednorazowe|jednorazowe hasło|kod autoryzacyjny"
        "|kod autoryzacji|hasło tymczasowe|tymczasowe hasło|kod resetowania|kod do logowania"
        "|kod zabezpieczający|kod sms",
        vague="kod|hasło|pin",
        other="zamówieni|faktur|przesyłk|paczk|klient|umow|referencyjn|telefon|tel.|tel:|kod pocztowy|kod rabatowy"
        "|kod promocyjny|rabat|kupon|rezerwacj|lot|konto nr|rachun|kart|członk|kwot|suma|razem|cen|vat|nip"
        "|regon|ul.|kończąc|numer|zgłoszeni|sprawa|prezent|odbioru|odwiedzin|mieszkańc|kod kreskowy",
        sign_in="kod dostępu|zalog|logowan|zaloguj",
        verify="przyjmij zaproszenie|zaakceptuj zaproszenie|weryfik|potwierd|aktyw|rejestrac",
        reset="ustaw hasło|ustawić hasło|utwórz hasło|"
        "resetow|zresetuj|zapomnia|nowe hasło|zmiana hasła|zmienić hasło|ustaw nowe",
        passing="wygas|ważny|ważn|traci ważność|nie udostępniaj|nie podawaj|nikomu|nie prosił|zignoruj|to nie ty",
        linked="ten link|poniższy link|link poniżej|link aktywacyjny|link do logowania|przycisk poniżej"
        "|poniższy przycisk|magiczny link",
    ),
    "sv": Words(
        named="verifieringskod|bekräftelsekod|säkerhetskod|inloggningskod|engångskod|engångslösenord|åtkomstkod"
        "|autentiseringskod|aktiveringskod|valideringskod|återställningskod|tillfällig kod"
        "|tillfälligt lösenord|kontrollkod|registreringskod",
        vague="kod|lösenord|pinkod|pin-kod",
        other="order|beställning|faktura|försändelse|paket|kund|avtal|referens|telefon|tel.|tel:|postnummer"
        "|rabattkod|kampanjkod|rabatt|presentkort|bokning|flyg|konto|kort|medlem|belopp|totalt|summa|pris"
        "|moms|org.nr|gatan|slutar på|ärende|ticket|artikel|rum|hämta|besökare|invånare|streckkod|kolli"
        "|värdekod",
        sign_in="logga in|inloggning|loggar in",
        verify="acceptera inbjudan|verifier|bekräft|aktiver|registrer",
        reset="välj lösenord|skapa lösenord|välj ett lösenord|ange lösenord|"
        "återställ|glömt lösenord|glömt ditt lösenord|nytt lösenord|byta lösenord|byt lösenord",
        passing="går ut|upphör|giltig|dela inte|dela aldrig|inte begärt|begärde inte|inte har begärt|ignorera"
        "|bortse från",
        linked="denna länk|den här länken|länken nedan|följande länk|inloggningslänk|magisk länk|knappen nedan",
    ),
    "da": Words(
        named="bekræftelseskode|verifikationskode|verificeringskode|sikkerhedskode|loginkode|login-kode|engangskode"
        "|engangsadgangskode|adgangskode til engangsbrug|godkendelseskode|aktiveringskode|valideringskode"
        "|nulstillingskode|midlertidig kode|midlertidig adgangskode|bekreftelseskode|verifiseringskode"
        "|sikkerhetskode|påloggingskode|innloggingskode|engangspassord|tilgangskode",
        vague="kode|adgangskode|pinkode|passord",
        other="ordre|bestilling|faktura|forsendelse|pakke|kunde|aftale|reference|telefon|tlf|postnummer|rabatkode"
        "|rabat|gavekort|booking|flynummer|konto|kort|medlem|beløb|i alt|total|pris|moms|cvr|vej |ender på"
        "|sagsnummer|sag |ticket|vare|værelse|afhent|besøgende|indbyggere|stregkode|varenr|rabattkode",
        sign_in="logge ind|log ind|login|logge på|logg inn|logge inn",
        verify="accepter invitation|acceptér invitation|bekræft|verific|verificer|aktiver|registrer|bekreft|verifiser",
        reset="vælg adgangskode|opret adgangskode|vælg en adgangskode|"
        "nulstil|glemt adgangskode|glemt din|ny adgangskode|skifte adgangskode|tilbakestill|nytt passord",
        passing="udløber|gyldig|del ikke|del aldrig|ikke bedt om|har ikke anmodet|ikke anmodet|ignorer|se bort fra"
        "|utløper",
        linked="dette link|linket nedenfor|følgende link|login-link|magisk link|knappen nedenfor|linket herunder",
    ),
    "cs": Words(
        named="ověřovací kód|ověřovacího kódu|potvrzovací kód|bezpečnostní kód|přihlašovací kód|přístupový kód"
        "|autentizační kód|autorizační kód|aktivační kód|jednorázový kód|jednorázové heslo"
        "|jednorázového hesla|dočasné heslo|dočasný kód|kód pro přihlášení|kód pro ověření|kód pro obnovení"
        "|overovací kód|jednorazový kód",
        vague="kód|heslo|pin",
        other="objednávk|faktur|zásilk|balík|zákaz|smlouv|referenčn|telefon|tel.|tel:|psč|slevový kód|slevov|slev"
        "|poukaz|rezervac|let |účt|kart|člen|částk|celkem|cena|dph|ičo|dič|ulice|ul.|končící|číslo|požadav"
        "|ticket|pokoj|vyzvednut|návštěvník|obyvatel|čárový kód",
        sign_in="přihlá|přihlášení|přihlaste|přihlásit",
        verify="přijmout pozvánku|přijměte pozvánku|ověř|potvr|aktiv|registrac",
        reset="nastavit heslo|nastavte si heslo|nastavte heslo|vytvořit heslo|"
        "obnov|zapomenut|nové heslo|změna hesla|změnit heslo|resetov",
        passing="vyprší|platí|platnost|platný|nesdílejte|nikomu|nesdělujte|nežádali|nepožádali|ignorujte|nepožadovali",
        linked="tento odkaz|následující odkaz|odkaz níže|přihlašovací odkaz|odkaz pro|tlačítko níže",
    ),
    "tr": Words(
        named="doğrulama kod|onay kod|güvenlik kod|giriş kod|erişim kod|kimlik doğrulama kod|aktivasyon kod"
        "|etkinleştirme kod|tek kullanımlık kod|tek kullanımlık şifre|tek seferlik kod|tek kullanımlık parola"
        "|tek seferlik şifre|geçici şifre|geçici kod|sıfırlama kod|teyit kod|oturum açma kod|sms kod",
        vague="kod|şifre|parola",
        other="sipariş|fatura|kargo|gönderi|paket|takip|müşteri|sözleşme|referans|telefon|tel.|tel:|posta kod"
        "|indirim kod|kampanya kod|kupon|indirim|hediye|rezervasyon|uçuş|hesap no|hesab|kart|üye|tutar|toplam"
        "|fiyat|kdv|vergi|sokak|cadde|mah.|ile biten|numara|talep|bilet|oda|teslim|ziyaretçi|nüfus|barkod",
        sign_in="giriş yap|oturum aç|giriş|oturum",
        verify="onay|daveti kabul|doğrula|onayla|etkinleştir|aktive|kayıt",
        reset="şifre belirle|şifre oluştur|parola oluştur|parola belirle|"
        "sıfırla|şifremi unuttum|şifrenizi unut|yeni şifre|parola değiş|şifre değiş|yenile",
        passing="süresi|sonra geçersiz|"
        "geçerli|süresi dol|sona erer|paylaşma|kimseyle|talep etmediy|siz yapmadı|isteği siz|dikkate alma"
        "|görmezden gel|yok say",
        linked="bu bağlantı|aşağıdaki bağlantı|giriş bağlantısı|sihirli bağlantı|bağlantıya tıkla|butona tıkla"
        "|aşağıdaki buton|düğme",
    ),
}
