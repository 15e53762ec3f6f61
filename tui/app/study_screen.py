from textual.screen import Screen
class StudyScreen(Screen):
    pass
