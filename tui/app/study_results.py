from textual.screen import Screen
class ResultsScreen(Screen):
    pass
