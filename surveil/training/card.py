"""The model card: what a person must know before using a model, in one page of Markdown."""

from __future__ import annotations

from collections.abc import Mapping

from surveil.classify import ModelFacts
from surveil.training.evaluation import Evaluation

_CHOICE = {
    "best": "The weights are those of the epoch with the highest validation accuracy",
    "last": "The weights are those of the last epoch, at which nothing was chosen",
}

_LIMITS = """\
## Where it fails

* Labels of web photographs are uncertain: one annotator in two or three disagrees with FER2013's.
  Fear, sadness, disgust and anger are confused with each other and with neutral far more often
  than happiness and surprise are; see the table.
* Disgust has few examples. Profiles, hands before the face, masks, faces below some 24 px, strong
  back light and children are seldom in the data.
* The training data has no record of age, sex or skin colour of the people in it, so equal accuracy
  over groups was neither ensured nor measured. Measure it on your own people before you rely on it.
* It classifies a facial *expression*. What a person feels cannot be read from it.

## Law

Not legal advice. The EU AI Act forbids systems that infer emotions at work and in education except
for medical or safety reasons (Article 5(1)(f)); elsewhere they are high-risk (Annex III), and the
people seen must be told (Article 50(3)). Data protection law applies beside it.

## Data and licences

* FER2013 (Kaggle, ICML 2013 challenge): web images without a clear licence. Used to train and to
  measure; none of its images are in this repository or can be had from the weights' files.
  Whether weights trained on it may be used commercially is not settled: ask before you do.
* FER+ votes (Microsoft, MIT licence): a second target in training, dropped from the exported model.
* Face Research Lab London Set (DeBruine and Jones 2017): CC-BY 4.0.
* muxspace/facial_expressions: labels Apache-2.0; press photographs and film stills, noisy labels.
"""


def card(facts: ModelFacts, results: Mapping[str, Evaluation], note: str) -> str:
    """Return the card of a model.

    Args:
        facts: As written into ``model.json``.
        results: Test figures by name of the set; the first one's classes are listed.
        note: What is particular about this model, such as that it is unfinished; may be empty.
    """
    training = facts.training
    lines = [f"# {facts.versioned_name}", ""]
    if note:
        lines += [f"> {note}", ""]
    architecture = facts.architecture
    lines += [
        f"Classifies the expression of a face as one of {', '.join(facts.classes)}. "
        f"A ResNet of basic blocks {list(architecture.blocks)}, {architecture.width} channels in "
        f"its first stage, on the {facts.input.crop_px} px centre of a "
        f"{facts.input.frame_px} px grey face. Scores are calibrated (temperature "
        f"{facts.temperature:.3f}).",
        "",
        "## Figures",
        "",
        "None of these faces was used to fit, to choose the epoch or to set the temperature."
        " A validation split of the training data serves for the latter two. "
        "Intervals are 95% (Wilson); ECE is over 15 bins.",
        "",
        "| test set | faces | accuracy | interval | balanced | macro-F1 | ECE | ECE unscaled |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, result in results.items():
        low, high = result.interval
        lines.append(
            f"| {name} | {result.faces} | {result.accuracy:.1%} | {low:.1%} to {high:.1%} | "
            f"{result.balanced_accuracy:.1%} | {result.macro_f1:.3f} | {result.ece:.1%} | "
            f"{result.ece_unscaled:.1%} |"
        )
    first_name, first = next(iter(results.items()))
    lines += [
        "",
        f"By class, on {first_name}:",
        "",
        "| class | precision | recall | F1 | faces |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {c.emotion} | {c.precision:.1%} | {c.recall:.1%} | {c.f1:.3f} | {c.support} |"
        for c in first.classes
    ]
    lines += [
        "",
        "`fer2013` is PublicTest, official; `without duplicates` leaves out its pictures that "
        "occur twice or equal a training row as delivered. People of `london_ccby` and "
        "`muxspace` in these sets are in no other split; sets of few faces or classes say little "
        "about the classes they lack.",
        "",
        "## Training",
        "",
        f"{_CHOICE[training['checkpoint']]} (epoch {training['epoch']} of {training['epochs']} "
        f"planned; {training['epochs_done']} done). "
        f"{training['validation_faces']} validation faces; "
        f"{training['train_faces']} training faces; manifest sha256 "
        f"`{training['manifest_sha256']}`. Training rows that equal a PublicTest row were dropped, "
        "blank ones too. `model.json` holds the whole configuration.",
        "",
        _LIMITS,
    ]
    return "\n".join(lines)
