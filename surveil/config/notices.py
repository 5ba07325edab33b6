"""Texts about a fleet's privacy: a notice for the people seen, a draft impact assessment. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from surveil.config.camera import Camera
from surveil.config.schema import Fleet
from surveil.policy import FORBIDDEN_AREAS, Area, LiveView, Mode

Lang = Literal["en", "es"]


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of a model.

    Attributes:
        model: ``name@hash``.
        faces: How many faces were tested.
        accuracy: Share of them told rightly, 0..1.
        missed: By expression, the share of its faces that was told as another, 0..1.
    """

    model: str
    faces: int
    accuracy: float
    missed: Mapping[str, float]


TEXTS: dict[Lang, dict[str, str]] = {
    "en": {
        "notice": "# Expressions of faces are analysed here",
        "who": "Responsible: ______ (name, address, contact; data protection officer: ______)",
        "what": "Cameras look for faces and guess which of a few expressions each shows. That is"
        " no measure of what somebody feels, thinks or intends, and it errs: of {faces} tested"
        " faces {wrong} % were told wrongly.",
        "no_pictures": "No picture is stored, and nobody is identified.",
        "purpose": "What for",
        "unsaid": "______ (not said yet)",
        "individual": "of each face: place in the picture, expression, scores, second by second",
        "aggregate": "of groups of at least {n} people at once: how many show which expression;"
        " nothing of one face",
        "kept": "kept for {days} days; sums by the minute and hour, of nobody alone, longer",
        "kept_ever": "kept without an end",
        "off": "nobody watches pictures",
        "blurred": "people on duty may watch the live picture, with faces blurred",
        "clear": "people on duty may watch the live picture",
        "exception": "{kind} exception, approved by {approver} ({document})",
        "rights": "You may ask what is kept of you, object, have it erased, and complain to the"
        " data protection authority: ______",
        "dpia": "# Draft of a data protection impact assessment",
        "draft": "Made from the configuration; what is marked ______ is for people to fill in. It"
        " is no legal advice.",
        "processing": "## Processing",
        "errors": "## Errors of the model",
        "errors_text": "{model}, on {faces} faces that it was not trained on:"
        " {wrong} % told wrongly. Of the faces of each expression, told as another:",
        "unmeasured": "The model has no measured figures: nobody can say how often it errs.",
        "limits": "Faces of other light, ages or peoples than those tested may be told worse;"
        " ______ (measured at this site?)",
        "risks": "## Risks",
        "law": "Camera {camera}: {area}. Article 5(1)(f) of Regulation (EU) 2024/1689 forbids to"
        " infer emotions here unless for medical or safety reasons: {why}",
        "transparency": "Article 50(3) of Regulation (EU) 2024/1689 wants people to be told: see"
        " `surveil privacy notice`.",
        "risk_wrong": "Somebody is judged by an expression that was told wrongly: ______",
        "risk_single": "Cameras that tell of each face ({cameras}): would groups do"
        " (`mode: aggregate`)? ______",
        "risk_live": "Cameras that may be watched live ({cameras}): who, and why? ______",
        "risk_purpose": "Cameras of which nobody has said what for: {cameras}",
        "risk_ever": "Cameras of which faces are kept without an end: {cameras}",
        "measures": "## Measures",
        "measures_text": "Access by role and camera; audit log as a chain of hashes (`surveil"
        " audit verify`); erasure (`surveil privacy erase`); no pictures, crops or embeddings in"
        " any table, event or log.",
        "basis": "Legal basis, necessity and proportion: ______",
    },
    "es": {
        "notice": "# Aquí se analizan expresiones de caras",
        "who": "Responsable: ______ (nombre, dirección, contacto; delegado de protección de datos:"
        " ______)",
        "what": "Unas cámaras buscan caras y estiman cuál de unas pocas expresiones muestra cada"
        " una. No mide lo que alguien siente, piensa o pretende, y se equivoca: de {faces} caras"
        " de prueba clasificó mal el {wrong} %.",
        "no_pictures": "No se guarda ninguna imagen y no se identifica a nadie.",
        "purpose": "Para qué",
        "unsaid": "______ (aún sin indicar)",
        "individual": "de cada cara: lugar en la imagen, expresión y puntuaciones, segundo a"
        " segundo",
        "aggregate": "de grupos de al menos {n} personas a la vez: cuántas muestran cada"
        " expresión; nada de una sola cara",
        "kept": "se conserva {days} días; las sumas por minuto y hora, de nadie en particular,"
        " más tiempo",
        "kept_ever": "se conserva sin límite",
        "off": "nadie ve las imágenes",
        "blurred": "el personal de guardia puede ver la imagen en directo, con las caras"
        " difuminadas",
        "clear": "el personal de guardia puede ver la imagen en directo",
        "exception": "excepción {kind}, aprobada por {approver} ({document})",
        "rights": "Puede preguntar qué se conserva de usted, oponerse, pedir que se borre y"
        " reclamar ante la autoridad de protección de datos: ______",
        "dpia": "# Borrador de evaluación de impacto en la protección de datos",
        "draft": "Hecho a partir de la configuración; lo marcado con ______ deben completarlo"
        " personas. No es asesoramiento jurídico.",
        "processing": "## Tratamiento",
        "errors": "## Errores del modelo",
        "errors_text": "{model}, con {faces} caras con las que no se entrenó: clasificó mal el"
        " {wrong} %. De las caras de cada expresión, clasificadas como otra:",
        "unmeasured": "El modelo no tiene cifras medidas: nadie puede decir cuánto se equivoca.",
        "limits": "Puede acertar menos con caras de otra luz, edad u origen que las probadas;"
        " ______ (¿medido en este lugar?)",
        "risks": "## Riesgos",
        "law": "Cámara {camera}: {area}. El artículo 5.1.f del Reglamento (UE) 2024/1689 prohíbe"
        " inferir emociones aquí salvo por motivos médicos o de seguridad: {why}",
        "transparency": "El artículo 50.3 del Reglamento (UE) 2024/1689 exige informar a las"
        " personas:"
        " véase `surveil privacy notice`.",
        "risk_wrong": "Se juzga a alguien por una expresión mal clasificada: ______",
        "risk_single": "Cámaras que informan de cada cara ({cameras}): ¿bastarían grupos"
        " (`mode: aggregate`)? ______",
        "risk_live": "Cámaras que pueden verse en directo ({cameras}): ¿quién y por qué? ______",
        "risk_purpose": "Cámaras de las que nadie ha dicho para qué: {cameras}",
        "risk_ever": "Cámaras cuyas caras se conservan sin límite: {cameras}",
        "measures": "## Medidas",
        "measures_text": "Acceso por función y cámara; registro de auditoría como cadena de"
        " resúmenes (`surveil audit verify`); borrado (`surveil privacy erase`); ninguna imagen,"
        " recorte ni vector en tablas, eventos o registros.",
        "basis": "Base jurídica, necesidad y proporcionalidad: ______",
    },
}
"""By language, the same keys."""

WORDS: dict[Lang, dict[str, str]] = {
    "en": {},
    "es": {
        "angry": "enfado", "disgust": "asco", "fear": "miedo", "happy": "alegría",
        "sad": "tristeza", "surprise": "sorpresa", "neutral": "neutra",
        "medical": "médica", "safety": "de seguridad", "workplace": "lugar de trabajo",
        "education": "enseñanza", "public": "público", "private": "privado",
    },
}  # fmt: skip


def write_notice(fleet: Fleet, measured: Measured | None, lang: Lang) -> str:
    """Return a notice for the people whom a fleet's cameras see, in Markdown."""
    say = TEXTS[lang]
    lines = [say["notice"], "", say["who"], "", _what(measured, say), say["no_pictures"], ""]
    for camera in _watched(fleet):
        lines += _describe(camera, fleet, lang)
    return "\n".join([*lines, "", say["rights"], ""])


def write_assessment(fleet: Fleet, measured: Measured | None, lang: Lang) -> str:
    """Return a draft of an impact assessment (Article 35 GDPR) of a fleet, in Markdown."""
    say = TEXTS[lang]
    lines = [say["dpia"], "", say["draft"], "", say["who"], "", say["processing"], ""]
    for camera in _watched(fleet):
        lines += _describe(camera, fleet, lang)
    lines += ["", say["basis"], "", say["errors"], ""]
    lines += _errors(measured, lang)
    lines += ["", say["risks"], "", *(f"- {risk}" for risk in _risks(fleet, lang))]
    return "\n".join([*lines, "", say["measures"], "", say["measures_text"], ""])


def _what(measured: Measured | None, say: Mapping[str, str]) -> str:
    if measured is None:
        text, _, _ = say["what"].partition(": ")
        return f"{text}. {say['unmeasured']}"
    return say["what"].format(faces=measured.faces, wrong=_percent(1 - measured.accuracy))


def _describe(camera: Camera, fleet: Fleet, lang: Lang) -> Iterator[str]:
    say, privacy = TEXTS[lang], camera.privacy
    yield f"- **{camera.id}**" + (f" ({_word(privacy.area.value, lang)})" if privacy.area else "")
    yield f"  - {say['purpose']}: {privacy.purpose or say['unsaid']}"
    yield f"  - {say[privacy.mode.value].format(n=privacy.min_group)}"
    days = privacy.keeps_days(fleet.retention.days)
    yield f"  - {say['kept_ever'] if days is None else say['kept'].format(days=days)}"
    yield f"  - {say[privacy.live_view.value]}"
    if privacy.exception is not None:
        yield f"  - {_exception(camera, lang)}"


def _exception(camera: Camera, lang: Lang) -> str:
    why = camera.privacy.exception
    if why is None:
        return "______"
    kind = _word(why.kind, lang)
    text = TEXTS[lang]["exception"]
    return text.format(kind=kind, approver=why.approver, document=why.document)


def _errors(measured: Measured | None, lang: Lang) -> Iterator[str]:
    say = TEXTS[lang]
    if measured is None:
        yield say["unmeasured"]
        return
    wrong = _percent(1 - measured.accuracy)
    yield say["errors_text"].format(model=measured.model, faces=measured.faces, wrong=wrong)
    yield ""
    for emotion, share in measured.missed.items():
        yield f"- {_word(emotion, lang)}: {_percent(share)} %"
    yield ""
    yield say["limits"]


def _risks(fleet: Fleet, lang: Lang) -> Iterator[str]:
    say, cameras = TEXTS[lang], _watched(fleet)
    for camera in cameras:
        if camera.privacy.area in FORBIDDEN_AREAS:
            area = _word(Area(camera.privacy.area).value, lang)
            yield say["law"].format(camera=camera.id, area=area, why=_exception(camera, lang))
    yield say["transparency"]
    yield say["risk_wrong"]
    found = {
        "risk_single": [c for c in cameras if c.privacy.mode is Mode.INDIVIDUAL],
        "risk_live": [c for c in cameras if c.privacy.live_view is not LiveView.OFF],
        "risk_purpose": [c for c in cameras if not c.privacy.purpose],
        "risk_ever": [c for c in cameras if c.privacy.keeps_days(fleet.retention.days) is None],
    }
    for risk, some in found.items():
        if some:
            yield say[risk].format(cameras=", ".join(camera.id for camera in some))


def _watched(fleet: Fleet) -> Sequence[Camera]:
    return [camera for camera in fleet.cameras.values() if camera.enabled]


def _word(name: str, lang: Lang) -> str:
    return WORDS[lang].get(name, name)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
