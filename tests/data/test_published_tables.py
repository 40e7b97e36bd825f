"""The forms of ten published label files: their columns, separators and values, read with at most two options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from table_sources import pictures, refusal, roles, tags

from commands import Command
from tagfit.data.read import read

PLANET = "image_name,tags\ntrain_0,haze primary\ntrain_1,agriculture clear primary water\ntrain_2,clear\ntrain_3,haze\n"
NIH = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,"
    "Height],OriginalImagePixelSpacing[x,y],\n"
    "00000001_000.png,Cardiomegaly,0,1,058Y,M,PA,2682,2749,0.143,0.143,\n"
    "00000001_001.png,Cardiomegaly|Emphysema,1,1,058Y,M,PA,2894,2729,0.143,0.143,\n"
    "00000002_000.png,No Finding,0,2,081Y,M,PA,2500,2048,0.171,0.171,\n"
    "00000003_000.png,Hernia,0,3,081Y,F,PA,2582,2991,0.143,0.143,\n"
)
RFMID = "ID,Disease_Risk,DR,ARMD,MH\n1,1,1,0,0\n2,1,0,1,0\n3,1,0,0,1\n4,0,0,0,0\n"
CELEBA = (
    "4\n5_o_Clock_Shadow Arched_Eyebrows Attractive \n000001.jpg -1  1  1\n000002.jpg -1 -1 -1\n000003.jpg -1 -1  1\n"
    "000004.jpg  1 -1 -1\n"
)
CELEBA_CSV = "image_id,Bald,Male\n000001.jpg,-1,1\n000002.jpg,1,-1\n000003.jpg,-1,1\n000004.jpg,1,1\n"
ODIR = (
    "ID,Patient Age,Patient Sex,Left-Fundus,Right-Fundus,Left-Diagnostic Keywords,Right-Diagnostic Keywords,N,D,C\n"
    "0,69,Female,0_left.jpg,0_right.jpg,cataract,normal fundus,0,0,1\n"
    "1,57,Male,1_left.jpg,1_right.jpg,normal fundus,normal fundus,1,0,0\n"
    "2,42,Male,2_left.jpg,2_right.jpg,laser spot，moderate retinopathy,moderate retinopathy,0,1,0\n"
)
ODIR_FULL = (
    "ID,Patient Age,Left-Fundus,Right-Fundus,N,D,C,filepath,labels,target,filename\n"
    '0,69,0_left.jpg,0_right.jpg,0,0,1,../input/ODIR-5K/Training Images/0_left.jpg,"[\'C\']","[0, 0, 1]",0_left.jpg\n'
    '1,57,1_left.jpg,1_right.jpg,1,0,0,../input/ODIR-5K/Training Images/1_left.jpg,"[\'N\']","[1, 0, 0]",1_left.jpg\n'
    '2,42,2_left.jpg,2_right.jpg,0,1,0,../input/ODIR-5K/Training Images/2_left.jpg,"[\'D\']","[0, 1, 0]",2_left.jpg\n'
)
POSTERS_LIST = (
    "Id,Genre,Action,Comedy,Drama,N/A\n"
    "tt0086425,\"['Comedy', 'Drama']\",0,1,1,0\ntt0085549,\"['Drama']\",0,0,1,0\ntt0086465,\"['Comedy']\",0,1,0,0\n"
    "tt0086567,\"['Action', 'Drama']\",1,0,1,0\n"
)
POSTERS_BARS = (
    "imdbId,Imdb Link,Title,IMDB Score,Genre,Poster\n"
    "114709,http://www.imdb.com/title/tt114709,Toy Story (1995),8.3,Animation|Adventure|Comedy,https://x/1._V1_.jpg\n"
    "113497,http://www.imdb.com/title/tt113497,Jumanji (1995),6.9,Action|Adventure|Family,https://x/2._V1_.jpg\n"
    "113228,http://www.imdb.com/title/tt113228,Grumpier Old Men (1995),6.6,Comedy|Romance,https://x/3._V1_.jpg\n"
)
POSTERS_ONE_HOT = "movie_id,poster,Action,Comedy,Drama\n11,11.jpg,1,0,0\n12,12.jpg,0,1,1\n13,13.jpg,0,0,1\n"
FASHION = (
    "id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,productDisplayName\n"
    "15970,Men,Apparel,Topwear,Shirts,Navy Blue,Fall,2011.0,Casual,Turtle Check Men Navy Blue Shirt\n"
    "39386,Men,Apparel,Bottomwear,Jeans,Blue,Summer,2012.0,Casual,Peter England Men Party Blue Jeans\n"
    "59263,Women,Accessories,Watches,Watches,Silver,Winter,2016.0,Casual,Titan Women Silver Watch\n"
    "21379,Men,Apparel,Bottomwear,Track Pants,Black,Fall,2011.0,Casual,Manchester United Men Black Pants\n"
)
ROBOFLOW = "filename, beach, sea\na_jpg.rf.1.jpg, 1, 0\nb_jpg.rf.2.jpg, 0, 1\nc_jpg.rf.3.jpg, 1, 1\n"

FILES: dict[str, tuple[str, str, str, dict[str, Any], list[str]]] = {
    "planet": ("train_v2.csv", PLANET, "train-jpg/train_{}.jpg", {"separator": "space"},
               ["haze primary", "agriculture clear primary water", "clear", "haze"]),
    "nih": ("Data_Entry_2017.csv", NIH, "images/{}.png", {"none_label": "No Finding", "group_column": "Patient ID"},
            ["Cardiomegaly", "Cardiomegaly Emphysema", "", "Hernia"]),
    "rfmid": ("RFMiD_Training_Labels.csv", RFMID, "Training/{}.png", {},
              ["Disease_Risk DR", "Disease_Risk ARMD", "Disease_Risk MH", ""]),
    "celeba": ("list_attr_celeba.txt", CELEBA, "img_align_celeba/{}.jpg", {"minus_one": "absent"},
               ["Arched_Eyebrows Attractive", "", "Attractive", "5_o_Clock_Shadow"]),
    "celeba-csv": ("list_attr_celeba.csv", CELEBA_CSV, "img_align_celeba/{}.jpg", {"minus_one": "absent"},
                   ["Male", "Bald", "Male", "Bald Male"]),
    "odir": ("data.csv", ODIR, "Training Images/{}.jpg", {"image_column": "Left-Fundus"}, ["C", "N", "D"]),
    "odir-full": ("full_df.csv", ODIR_FULL, "preprocessed_images/{}.jpg", {}, ["C", "N", "D"]),
    "posters-list": ("train.csv", POSTERS_LIST, "Images/{}.jpg", {},
                     ["Comedy Drama", "Drama", "Comedy", "Action Drama"]),
    "posters-bars": ("MovieGenre.csv", POSTERS_BARS, "SampleMoviePosters/{}.jpg", {},
                     ["Adventure Animation Comedy", "Action Adventure Family", "Comedy Romance"]),
    "posters-one-hot": ("posters.csv", POSTERS_ONE_HOT, "posters/{}.jpg", {}, ["Action", "Comedy Drama", "Drama"]),
    "fashion": ("styles.csv", FASHION, "images/{}.jpg", {"tags_column": "articleType,baseColour"},
                ["Navy Blue Shirts", "Blue Jeans", "Silver Watches", "Black Track Pants"]),
    "roboflow": ("_classes.csv", ROBOFLOW, "{}.jpg", {"format": "csv"}, ["beach", "sea", "beach sea"]),
}  # fmt: skip
NAMES = {
    "planet": "0 1 2 3", "nih": "00000001_000 00000001_001 00000002_000 00000003_000", "rfmid": "1 2 3 4",
    "celeba": "000001 000002 000003 000004", "celeba-csv": "000001 000002 000003 000004",
    "odir": "0_left 1_left 2_left 0_right 1_right 2_right", "odir-full": "0_left 1_left 2_left 0_right 1_right 2_right",
    "posters-list": "tt0086425 tt0085549 tt0086465 tt0086567", "posters-bars": "114709 113497 113228",
    "posters-one-hot": "11 12 13", "fashion": "15970 39386 59263 21379",
    "roboflow": "a_jpg.rf.1 b_jpg.rf.2 c_jpg.rf.3",
}  # fmt: skip


def write(folder: Path, name: str) -> Path:
    file, text, form, _, _ = FILES[name]
    pictures(folder, [form.format(one) for one in NAMES[name].split()])
    (folder / file).write_text(text, encoding="utf-8")
    return folder / file


@pytest.mark.parametrize("name", FILES)
def test_a_published_form_is_read_with_at_most_two_options(tmp_path: Path, name: str) -> None:
    source = write(tmp_path, name)
    options, expected = FILES[name][3:]
    assert len(options) <= 2
    data = read(source, learnable=False, **options)
    assert not data.quarantined
    assert [" ".join(sorted(row.split())) for row in tags(data)] == [" ".join(sorted(row.split())) for row in expected]
    assert "columns: " in "".join(data.notes)
    assert {column.name for column in data.columns} == set(roles(data))


def test_columns_of_codes_are_tags_where_nothing_else_is_named_so(tmp_path: Path) -> None:
    rows = ["a,6068157 7 6073371 20,0,5", "b,1 2 3 4 99 12,6,", "a,6323163 11 6328356 32,4,9"]
    pictures(tmp_path, ["train/a.jpg", "train/b.jpg"])
    table = tmp_path / "train.csv"
    table.write_text("\n".join(["ImageId,EncodedPixels,ClassId,AttributesId", *rows]) + "\n", encoding="utf-8")
    assert "several columns may hold the tags: 'AttributesId', 'ClassId'" in refusal(table)
    table.write_text(table.read_text().replace(",AttributesId", ",Height"), encoding="utf-8")
    assert tags(read(table, learnable=False)) == ["0 4", "6"]


def test_ties_of_published_forms_name_the_options(tmp_path: Path) -> None:
    assert "--image-column Left-Fundus or --image-column Right-Fundus" in refusal(write(tmp_path / "odir", "odir"))
    fashion = refusal(write(tmp_path / "fashion", "fashion"))
    assert "several columns may hold the tags" in fashion
    assert "--tags-column gender or" in fashion
    assert "--minus-one absent" in refusal(write(tmp_path / "celeba", "celeba"))


def test_the_command_prints_what_was_understood(tagfit: Command, tmp_path: Path) -> None:
    write(tmp_path, "nih")
    words = ("Data_Entry_2017.csv", "--none-label", "No Finding", "--group-column", "Patient ID")
    shown = tagfit("data", "check", *words).out
    for part in ("'Image Index': picture", "'Finding Labels': tags", "'Patient ID': group", "'Follow-up #': ignored"):
        assert part in shown
    document = tagfit("data", "check", *words, "--json").json
    assert document["columns"][1] == {"name": "Finding Labels", "role": "tags", "why": "by its name"}
