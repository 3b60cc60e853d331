"""What people fill in about their photos."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from gallery.imaging import IMAGE_SUFFIXES
from gallery.models import Image, User, Visibility

if TYPE_CHECKING:
    ImageForm = forms.ModelForm[Image]
else:
    ImageForm = forms.ModelForm

# What the page takes in one piece; larger ones come by the command line, which needs no upload.
LARGEST_TAKEOUT = 4_000_000_000
ACCEPTED = ",".join(["image/*", *sorted(IMAGE_SUFFIXES)])
TEACHING_CHOICES = [("yes", "Yes, they may teach it"), ("no", "No, keep them out of its lessons")]
VISIBILITY_CHOICES = [
    (Visibility.PUBLIC.value, "Everybody"),
    (Visibility.PRIVATE.value, "Only me (and the moderators)"),
]


class PhotosInput(forms.ClearableFileInput):
    """A picker for one photo or many."""

    allow_multiple_selected = True


class PhotosField(forms.FileField):
    """A list of uploaded files. What is in them is judged one by one, when they are stored."""

    widget = PhotosInput

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Return the chosen files as a list; raise ValidationError where there are none."""
        files = data if isinstance(data, list | tuple) else [data] if data else []
        if not files:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return list(files)


class UploadForm(forms.Form):
    """Photos, who may see them, and whether they may teach."""

    photos = PhotosField(
        widget=PhotosInput(attrs={"accept": ACCEPTED, "multiple": True}),
        error_messages={"required": "Please choose at least one photo."},
    )
    visibility = forms.ChoiceField(
        label="Who may see these photos?",
        choices=VISIBILITY_CHOICES,
        widget=forms.RadioSelect,
        initial=Visibility.PUBLIC,
    )
    teaches = forms.ChoiceField(
        label="May the network learn from these photos?",
        choices=TEACHING_CHOICES,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, uploader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("teaches", "yes" if uploader.offers_photos else "no")

    def clean_teaches(self) -> bool:
        """Return whether the answer was yes."""
        return bool(self.cleaned_data["teaches"] == "yes")

    @property
    def largest_bytes(self) -> int:
        """Return how many bytes a file may have, for the script."""
        return int(settings.EYES_MAX_UPLOAD_BYTES)

    @property
    def largest_megabytes(self) -> int:
        """Return the same for people."""
        return self.largest_bytes // 1_000_000

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


class TakeoutForm(forms.Form):
    """A takeout to bring in again."""

    file = forms.FileField(
        label=_("The zip file of a takeout"),
        widget=forms.ClearableFileInput(attrs={"accept": ".zip,application/zip"}),
        error_messages={
            "required": _("Please choose the zip file."),
            "empty": _("That file is empty."),
        },
    )

    def clean_file(self) -> UploadedFile[bytes]:
        """Return the file unless it is larger than a page can take."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > LARGEST_TAKEOUT:
            raise forms.ValidationError(
                _("This file is too large for the page; whoever runs the site can bring it in.")
            )
        return file


class LeaveForm(forms.Form):
    """Whoever leaves knows the password and writes their own name: a slip cannot do both."""

    username = forms.CharField(
        label=_("Write your user name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_username(self) -> str:
        """Return the name, if it is the person's own."""
        name = str(self.cleaned_data["username"]).strip()
        if name != self.person.username:
            raise forms.ValidationError(_("That is not your user name."))
        return name

    def clean_password(self) -> str:
        """Return the password, if it is right."""
        password = str(self.cleaned_data["password"])
        if not self.person.check_password(password):
            raise forms.ValidationError(_("That is not your password."))
        return password
