"""What people fill in about their photos."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from gallery.imaging import IMAGE_SUFFIXES
from gallery.models import Album, Image, Licence, User, Visibility
from gallery.services.placing import albums_open_to
from gallery.uploading.wishes import Wishes

if TYPE_CHECKING:
    ImageForm = forms.ModelForm[Image]
else:
    ImageForm = forms.ModelForm

ACCEPTED = ",".join(["image/*", *sorted(IMAGE_SUFFIXES)])
TEACHING_CHOICES = [
    ("yes", _("Yes, they may teach it")),
    ("no", _("No, keep them out of its lessons")),
]
VISIBILITY_CHOICES = [
    (Visibility.PUBLIC.value, "Everybody"),
    (Visibility.PRIVATE.value, "Only me (and the moderators)"),
]


class PhotosInput(forms.ClearableFileInput):
    """A picker for one photo or many."""

    allow_multiple_selected = True

    def use_required_attribute(self, initial: Any) -> bool:
        """Return that a browser need not insist: photos may come from another of the pickers."""
        return False


class PhotosField(forms.FileField):
    """A list of uploaded files. What is in them is judged one by one, when they are stored."""

    widget = PhotosInput

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Return the chosen files as a list; raise ValidationError where there are none."""
        files = data if isinstance(data, list | tuple) else [data] if data else []
        if not files:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return list(files)


class WishesForm(forms.Form):
    """What is asked about photos that are uploaded: for all of them, or for one."""

    title = forms.CharField(label=_("Title"), max_length=200, required=False)
    description = forms.CharField(
        label=_("Description"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    alt = forms.CharField(
        label=_("What is to be seen, for those who cannot see it"), max_length=500, required=False
    )
    album = forms.ModelChoiceField(
        label=_("Album"),
        queryset=Album.objects.none(),
        required=False,
        empty_label=_("No album"),
        error_messages={"invalid_choice": _("This album is gone. Please choose another.")},
    )
    new_album = forms.CharField(label=_("Or a new album"), max_length=200, required=False)
    visibility = forms.ChoiceField(
        label=_("Who may see these photos?"), choices=Visibility.choices, widget=forms.RadioSelect
    )
    licence = forms.ChoiceField(
        label=_("What may others do with them?"), choices=Licence.choices, required=False
    )
    teaches = forms.ChoiceField(
        label=_("May the network learn from these photos?"),
        choices=TEACHING_CHOICES,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, uploader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.uploader = uploader
        albums = cast("forms.ModelChoiceField[Album]", self.fields["album"])
        albums.queryset = albums_open_to(uploader).order_by("title")
        for name, answer in usual_answers(uploader).items():
            self.initial.setdefault(name, answer)

    def clean_teaches(self) -> bool:
        """Return whether the answer was yes."""
        return bool(self.cleaned_data["teaches"] == "yes")

    def clean_licence(self) -> str:
        """Return the licence; who says nothing grants what they granted the last time."""
        return str(self.cleaned_data["licence"] or self.uploader.usual_licence)

    @property
    def wishes(self) -> Wishes:
        """Return the answers of a valid form."""
        answers = {name: self.cleaned_data[name] for name in WishesForm.base_fields}
        album = answers.pop("album")
        return Wishes(**answers, album=album.pk if album else None)


def usual_answers(person: User) -> dict[str, str]:
    """Return what the person answered the last time, as a form sends it."""
    return {
        "visibility": person.usual_visibility,
        "licence": person.usual_licence,
        "teaches": "yes" if person.offers_photos else "no",
    }


class UploadForm(WishesForm):
    """Photos, and what is to become of them."""

    photos = PhotosField(
        widget=PhotosInput(attrs={"accept": ACCEPTED, "multiple": True}),
        error_messages={"required": _("Please choose at least one photo.")},
    )

    @property
    def largest_bytes(self) -> int:
        """Return how many bytes a file may have, for the script."""
        return int(settings.EYES_MAX_UPLOAD_BYTES)

    @property
    def largest_megabytes(self) -> int:
        """Return the same for people."""
        return self.largest_bytes // 1_000_000

    @property
    def suffixes(self) -> str:
        """Return how names of photos end, for the script that looks through folders."""
        return " ".join(sorted(IMAGE_SUFFIXES))

    @property
    def files_to_store(self) -> list[UploadedFile[bytes]]:
        """Return the chosen files of a valid form."""
        return list(self.cleaned_data["photos"])


class EditForm(ImageForm):
    """What an owner may change about a photo later."""

    visibility = forms.ChoiceField(
        label="Who may see this photo?", choices=VISIBILITY_CHOICES, widget=forms.RadioSelect
    )
    teaches = forms.BooleanField(label="The network may learn from this photo", required=False)

    class Meta:
        model = Image
        fields: ClassVar = ["title", "description", "visibility", "teaches"]
        widgets: ClassVar = {"description": forms.Textarea(attrs={"rows": 4})}
