"""What people fill in about their photos."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from gallery.imaging import IMAGE_SUFFIXES
from gallery.models import Album, Image, Licence, User, Visibility
from gallery.uploading.wishes import Wishes

if TYPE_CHECKING:
    ImageForm = forms.ModelForm[Image]
else:
    ImageForm = forms.ModelForm

# What the page takes in one piece; larger ones come by the command line, which needs no upload.
LARGEST_TAKEOUT = 4_000_000_000
ACCEPTED = ",".join(["image/*", *sorted(IMAGE_SUFFIXES)])
TEACHING_CHOICES = [
    ("yes", _("Yes, they may teach it")),
    ("no", _("No, keep them out of its lessons")),
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
        albums.queryset = Album.objects.fillable_by(uploader).order_by("title")
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
        label=_("Who may see this photo?"), choices=Visibility.choices, widget=forms.RadioSelect
    )
    teaches = forms.BooleanField(label=_("The network may learn from this photo"), required=False)
    licence = forms.ChoiceField(
        label=_("What others may do with it"), choices=Licence.choices, required=False
    )
    offers_original = forms.BooleanField(
        label=_("Whoever sees the photo may download the original"),
        required=False,
        help_text=_(
            "With the same pixels, and without what you do not show of camera, time and place."
        ),
    )

    class Meta:
        model = Image
        fields: ClassVar = [
            "title",
            "description",
            "alt",
            "visibility",
            "licence",
            "offers_original",
            "comments_open",
            "shows_taken",
            "shows_camera",
            "shows_place",
            "teaches",
        ]
        labels: ClassVar = {
            "title": _("Title"),
            "description": _("Description"),
            "alt": _("Description for those who cannot see the photo"),
            "comments_open": _("Whoever sees the photo may comment on it"),
            "shows_camera": _("Camera and exposure"),
            "shows_taken": _("When it was taken"),
            "shows_place": _("Where it was taken"),
        }
        help_texts: ClassVar = {"alt": _("One sentence: what would you say on the telephone?")}
        widgets: ClassVar = {
            "description": forms.Textarea(attrs={"rows": 4}),
            "alt": forms.Textarea(attrs={"rows": 2}),
        }

    def clean_licence(self) -> str:
        """Return the licence; a form that was opened before there were any keeps the old one."""
        return self.cleaned_data["licence"] or self.instance.licence

    @property
    def words(self) -> list[forms.BoundField]:
        """Return the fields before the alternative text, which has a suggestion of its own."""
        return [self["title"], self["description"]]

    @property
    def openness(self) -> list[forms.BoundField]:
        """Return the fields about who may do what."""
        names = ("visibility", "licence", "offers_original", "comments_open", "teaches")
        return [self[name] for name in names]

    @property
    def facts(self) -> list[forms.BoundField]:
        """Return the fields about what everybody may read of how the photo was taken."""
        return [self[name] for name in ("shows_taken", "shows_camera", "shows_place")]


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
